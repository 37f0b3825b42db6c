namespace Interlock.Core.Execution;

/// <summary>
/// What sees to it that <see cref="RunDriver"/> is asked. Nothing depends on it for what is true, only for when it happens: a wake-up that is
/// lost, late or doubled does no harm, and <see cref="RunReconciler"/> makes up for it. So a scheduler that can't be reached is reported in
/// the log by the implementation, and is no failure of <see cref="ScheduleAsync"/> and <see cref="WakeAsync"/>.
/// </summary>
public interface IRunScheduler
{
    /// <summary>Takes a run up; of one that it has already, nothing.</summary>
    Task ScheduleAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default);

    /// <summary>Says that something may have happened to a run.</summary>
    Task WakeAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default);

    /// <summary>How a run stands there.</summary>
    Task<ScheduledRun> FindAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default);
}

/// <summary>How a run stands with its scheduler, and up to which of its events the scheduler knows it.</summary>
public sealed record ScheduledRun(ScheduleStatus Status, long Events = 0);

public enum ScheduleStatus
{
    /// <summary>The scheduler never had it, or lost it, or gave it up on an error.</summary>
    Absent,

    Active,

    /// <summary>Somebody ended it there, past Interlock.</summary>
    Terminated,
}
