namespace Interlock.Core.Runs;

public enum RunStatus
{
    Running,

    /// <summary>An unhandled failure or a cancel: nothing new starts, effects settle, compensations run.</summary>
    Compensating,

    Completed,
    Faulted,
    Cancelled,
}

public static class RunStatuses
{
    /// <summary>Whether a run of this status takes no more events.</summary>
    public static bool IsClosed(this RunStatus status) => status is RunStatus.Completed or RunStatus.Faulted or RunStatus.Cancelled;

    /// <summary>The status as stored and shown: lower case.</summary>
    public static string Text(this RunStatus status) => status.ToString().ToLowerInvariant();
}
