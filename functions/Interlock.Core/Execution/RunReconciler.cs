using System.Collections.Concurrent;
using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>
/// Finds runs that a lost wake-up, a crash between two steps or a lost scheduler left behind, and moves them on: decisions recorded and not
/// told, times that passed, ends without their record, runs that nobody schedules, children that nobody waits for. Safe to run anywhere, any time, twice at once.
/// </summary>
public sealed class RunReconciler(RunStore runs, RunDriver driver, IRunScheduler scheduler, TimeProvider time, ChildRuns? children = null)
{
    /// <summary>How long a listed run may have no row: longer than any start takes.</summary>
    private static readonly TimeSpan Unborn = TimeSpan.FromMinutes(15);

    private const int AtOnce = 16;

    /// <summary>Looks at every open run of a tenant; one that fails does not keep the others from going on.</summary>
    public async Task<Reconciliation> RunAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var (seen, moved) = (0, 0);
        var failed = new ConcurrentQueue<(RunId Run, Exception Error)>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(runs.OpenAsync(tenant, cancellationToken), options, async (open, stopping) =>
        {
            Interlocked.Increment(ref seen);
            try
            {
                if (await ReconcileAsync(tenant, open.Run, open.Since, stopping)) Interlocked.Increment(ref moved);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                failed.Enqueue((open.Run, e));
            }
        });
        return new Reconciliation(seen, moved, [.. failed]);
    }

    private async Task<bool> ReconcileAsync(TenantId tenant, RunId run, DateTimeOffset since, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(tenant, run, cancellationToken) is not { } before)
        {
            if (time.GetUtcNow() - since > Unborn) await runs.ForgetAsync(tenant, run, cancellationToken);
            return false;
        }
        var scheduled = await scheduler.FindAsync(tenant, run, cancellationToken);
        if (scheduled.Status == ScheduleStatus.Terminated && before.State.Ending is null)
        {
            // Ending a run past Interlock spares it neither its compensations nor its record: it is cancelled, as it would have been here.
            var cancel = new RunEvent.CancelRequested(time.GetUtcNow(), "scheduler", "The run was terminated in the scheduler.");
            await driver.PostAsync(tenant, run, cancel, null, cancellationToken);
        }
        if (children is not null) await children.ReconcileAsync(before.State, cancellationToken);
        if (await driver.AdvanceAsync(tenant, run, default, cancellationToken) is not { } plan) return true;
        if (plan.IsOver)
        {
            if (scheduled.Status == ScheduleStatus.Active) await scheduler.WakeAsync(tenant, run, cancellationToken); // so that it ends there too
        }
        else if (scheduled.Status != ScheduleStatus.Active) await scheduler.ScheduleAsync(tenant, run, cancellationToken);
        else if (plan.Events > scheduled.Events) await scheduler.WakeAsync(tenant, run, cancellationToken);
        else return false;
        return true;
    }
}

/// <summary>How many open runs were looked at, how many were moved on, and which could not be looked at.</summary>
public sealed record Reconciliation(int Seen, int Moved, IReadOnlyList<(RunId Run, Exception Error)> Failed);
