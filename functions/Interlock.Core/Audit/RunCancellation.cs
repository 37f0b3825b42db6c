using Interlock.Core.Runs;

namespace Interlock.Core.Audit;

/// <summary>Runs that other runs cancel: recorded, then told, and neither once their end is decided.</summary>
internal static class RunCancellation
{
    /// <param name="runs">Where the run is.</param>
    /// <param name="audit">Where it is recorded first.</param>
    /// <param name="run">The run as it was seen.</param>
    /// <param name="subject">Who cancels, as records name it.</param>
    /// <param name="by">Who, as the run's error names it.</param>
    /// <param name="reason">Why.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Stops before it is told.</param>
    public static async Task GiveUpAsync(this IRunHost runs, AuditLog audit, RunState run, string subject, string by, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (run.Ending is not null || run.Status.IsClosed()) return;
        await audit.AppendAsync(AuditChain.ForRun(run.Tenant, run.Id), [RunRecords.Requested(run, now, subject, "cancel", reason)], [], cancellationToken);
        await runs.SignalAsync(run.Tenant, run.Id, new RunEvent.CancelRequested(now, by, reason), state => state.Ending is null, cancellationToken);
    }
}
