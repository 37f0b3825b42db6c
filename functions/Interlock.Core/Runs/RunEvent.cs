using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Core.Agents;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>Something that happened to a run, with its time: all that the interpreter ever learns of the world.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(RunStarted), "runStarted")]
[JsonDerivedType(typeof(EffectCompleted), "effectCompleted")]
[JsonDerivedType(typeof(EffectFailed), "effectFailed")]
[JsonDerivedType(typeof(TimerFired), "timerFired")]
[JsonDerivedType(typeof(GateClosed), "gateClosed")]
[JsonDerivedType(typeof(EventArrived), "eventArrived")]
[JsonDerivedType(typeof(ChildCompleted), "childCompleted")]
[JsonDerivedType(typeof(AgentOpened), "agentOpened")]
[JsonDerivedType(typeof(AgentPaused), "agentPaused")]
[JsonDerivedType(typeof(LockGranted), "lockGranted")]
[JsonDerivedType(typeof(CancelRequested), "cancelRequested")]
[JsonDerivedType(typeof(SuspendRequested), "suspendRequested")]
[JsonDerivedType(typeof(ResumeRequested), "resumeRequested")]
public abstract record RunEvent(DateTimeOffset At)
{
    public sealed record RunStarted(
        DateTimeOffset At, RunId Run, TenantId Tenant, WorkflowRef Workflow, LogicVersion Logic, RunOrigin Origin, JsonValue Input) : RunEvent(At);

    public sealed record EffectCompleted(DateTimeOffset At, EffectId Effect, JsonValue Output) : RunEvent(At);

    public sealed record EffectFailed(DateTimeOffset At, EffectId Effect, Problem Problem) : RunEvent(At);

    public sealed record TimerFired(DateTimeOffset At, EffectId Timer) : RunEvent(At);

    /// <summary>What the gate's row says; <paramref name="DecidedBy"/> holds subjects.</summary>
    public sealed record GateClosed(DateTimeOffset At, GateId Gate, GateOutcome Outcome, ImmutableArray<string> DecidedBy, string? Reason) : RunEvent(At)
    {
        /// <summary>The covered calls whose arguments people changed, with all of their known arguments as approved.</summary>
        public ImmutableArray<EditedCall> Edited { get; init; } = [];

        /// <summary>What was filled in, when information was asked for.</summary>
        public JsonValue? Information { get; init; }

        /// <summary>What is to be done about a failed step: one of <see cref="StepChoices"/>.</summary>
        public string? Choice { get; init; }
    }

    /// <summary>An event that one of the command's filters may fit; the interpreter looks closer, and takes each event (source and id) once.</summary>
    public sealed record EventArrived(DateTimeOffset At, EffectId Effect, JsonValue Event) : RunEvent(At);

    /// <summary>How a child run ended that a task waits for.</summary>
    public sealed record ChildCompleted(DateTimeOffset At, EffectId Effect, RunId Child, RunStatus Outcome, JsonValue? Output, Problem? Problem) : RunEvent(At);

    /// <summary>A chat agent is known and what it may choose is resolved: its loop begins.</summary>
    public sealed record AgentOpened(DateTimeOffset At, EffectId Effect, AgentTerms Terms) : RunEvent(At);

    /// <summary>An agent elsewhere paused because that call of it needs an approval; the call is what was refused, whatever the agent says.</summary>
    public sealed record AgentPaused(DateTimeOffset At, EffectId Effect, AgentPause Pause, PausedCall Call) : RunEvent(At);

    /// <summary>A place of the lock is the run's. Each grant of a name has a higher number than the one before, so that a tool can tell a late call.</summary>
    public sealed record LockGranted(DateTimeOffset At, EffectId Effect, long Fence) : RunEvent(At);

    public sealed record CancelRequested(DateTimeOffset At, string By, string? Reason) : RunEvent(At)
    {
        /// <summary>What happens to a run in the place of an event that can't be folded: a bug must not leave it hanging.</summary>
        public static CancelRequested ForBug(DateTimeOffset at, Exception bug) =>
            new(at, "interlock", $"An event could not be folded ({bug.GetType().Name}); the log of the host says more.");
    }

    public sealed record SuspendRequested(DateTimeOffset At, string By, string? Reason) : RunEvent(At);

    public sealed record ResumeRequested(DateTimeOffset At, string By) : RunEvent(At);
}

/// <summary>A covered call with the arguments that people gave it; members declared computed are left out.</summary>
public sealed record EditedCall(FrameId Frame, JsonValue Arguments);
