using Interlock.Core.Runs;

namespace Interlock.Core.Intake.Events;

/// <summary>The run that emitted an event, and the origin that runs started by the event have from it.</summary>
public sealed record EventCause(RunId Run, RunOrigin Origin)
{
    public static EventCause Of(RunState run) => new(run.Id, run.Origin.Causes(run.Id, RunTriggers.Event));
}
