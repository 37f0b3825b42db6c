using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// What the task hub records of one execution, in order. The four with an id are also what an orchestrator does: a replay must do them again
/// with equal values.
/// </summary>
internal abstract record HistoryEvent
{
    internal abstract record Action(int Id) : HistoryEvent;

    internal sealed record ActivityScheduled(int Id, string Name, string? Input) : Action(Id);

    internal sealed record TimerCreated(int Id, DateTime FireAt) : Action(Id);

    internal sealed record EventSent(int Id, string InstanceId, string Name, string? Payload) : Action(Id);

    internal sealed record OrchestratorStarted(DateTime At) : HistoryEvent;

    internal sealed record ExecutionStarted(string? Input) : HistoryEvent;

    internal sealed record ActivityCompleted(int ScheduledId, string? Result) : HistoryEvent;

    internal sealed record ActivityFailed(int ScheduledId, TaskFailureDetails Failure) : HistoryEvent;

    internal sealed record TimerFired(int CreatedId) : HistoryEvent;

    internal sealed record EventRaised(string Name, string? Payload) : HistoryEvent;

    internal sealed record ExecutionSuspended : HistoryEvent;

    internal sealed record ExecutionResumed : HistoryEvent;

    internal sealed record ExecutionTerminated(string? Output) : HistoryEvent;

    internal sealed record ExecutionEnded(OrchestrationRuntimeStatus Status, string? Output, TaskFailureDetails? Failure) : HistoryEvent;
}
