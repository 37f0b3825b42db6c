using Interlock.Core.Gateway.Usage;
using Interlock.Core.Locks;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Storage;

namespace Interlock.Core.Upkeep;

/// <summary>
/// Gives on places of locks and finishes changes that a crash left, and deletes what is needed no more: rows whose time is over, usage older than 400 days, old proposals. In bounded steps, safe to run twice, at once
/// and to miss.
/// </summary>
/// <param name="changes">Null where one administrator is enough.</param>
/// <param name="usage">What was counted.</param>
/// <param name="store">Where rows are that are needed for a time.</param>
/// <param name="isOver">Whether a run has ended, or is none.</param>
/// <param name="time">The clock.</param>
public sealed class Housekeeping(ChangeDesk? changes, UsageRollup usage, ITableStore store, Func<TenantId, RunId, CancellationToken, Task<bool>> isOver, TimeProvider time)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>As far back as usage may be asked for.</summary>
    public static readonly TimeSpan UsageKept = TimeSpan.FromDays(400);

    private const int MostRows = 500;
    private const int MostRowsOfShard = 50;

    private readonly Expiries _expiries = new(store);

    /// <summary>Whose places, and untold grants, crashes left behind.</summary>
    public LockDesk? Locks { get; init; }

    /// <exception cref="AggregateException">Something could not be done; the rest was.</exception>
    public async Task RunAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var failed = new List<Exception>();
        foreach (var step in (Func<Task>[])
        [
            () => Locks?.SweepAsync(tenant, cancellationToken) ?? Task.CompletedTask,
            () => changes?.RecoverAsync(tenant, cancellationToken) ?? Task.CompletedTask,
            () => changes?.ForgetAsync(tenant, cancellationToken) ?? Task.CompletedTask,
            () => _expiries.SweepAsync(tenant, time.GetUtcNow(), run => isOver(tenant, run, cancellationToken), MostRowsOfShard, cancellationToken),
            () => usage.ForgetAsync(tenant, time.GetUtcNow() - UsageKept, MostRows, cancellationToken),
        ])
        {
            try
            {
                await step();
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failed.Add(e);
            }
        }
        if (failed.Count > 0) throw new AggregateException(failed);
    }
}
