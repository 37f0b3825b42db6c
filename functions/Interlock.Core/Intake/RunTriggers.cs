namespace Interlock.Core.Intake;

/// <summary>What starts runs besides callers, as <see cref="Runs.RunOrigin.Trigger"/> says it.</summary>
public static class RunTriggers
{
    public const string Event = "event";

    /// <summary>A time of the workflow's schedule.</summary>
    public const string Schedule = "schedule";

    /// <summary>A task of another run that waits for this one, and takes it down with it.</summary>
    public const string Child = "child";

    /// <summary>A task of another run that does not wait.</summary>
    public const string Detached = "run";
}
