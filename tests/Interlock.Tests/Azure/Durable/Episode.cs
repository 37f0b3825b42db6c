using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// One turn of an orchestrator: it is run from its start over the whole history, then over what is new. Nothing is kept between two episodes.
/// An orchestrator that has returned ends only when none of its activities and timers is open.
/// </summary>
internal sealed class Episode
{
    private readonly OrchestratorContext thread = new();
    private readonly Queue<HistoryEvent> whileSuspended = new();
    private readonly ReplayContext context;
    private readonly Func<TaskOrchestrationContext, Task> orchestrator;
    private Task<object?>? running;
    private HistoryEvent.ExecutionTerminated? terminated;

    private Episode(TaskName name, string instanceId, string? input, Func<TaskOrchestrationContext, Task> orchestrator, ILoggerFactory loggers)
    {
        context = new(name, instanceId, input, thread, loggers);
        this.orchestrator = orchestrator;
    }

    public bool Suspended { get; private set; }

    public IReadOnlyList<HistoryEvent.Action> Actions { get; private set; } = [];

    public string? CustomStatus => context.CustomStatus;

    public IReadOnlyList<DateTime> OpenTimers => [.. context.OpenTimers];

    /// <summary>How the execution ended, if it did in this episode.</summary>
    public HistoryEvent.ExecutionEnded? Ended { get; private set; }

    /// <summary>With <see cref="Ended"/> missing: the execution was ended by a request for a next generation.</summary>
    public ReplayContext.NextGeneration? Next { get; private set; }

    public static Episode Run(
        TaskName name,
        string instanceId,
        Func<TaskOrchestrationContext, Task> orchestrator,
        IReadOnlyList<HistoryEvent> past,
        IReadOnlyList<HistoryEvent> fresh,
        ILoggerFactory loggers)
    {
        var input = past.Concat(fresh).OfType<HistoryEvent.ExecutionStarted>().First().Input;
        var episode = new Episode(name, instanceId, input, orchestrator, loggers);
        episode.thread.Run(() => episode.Process(past, fresh));
        return episode;
    }

    private void Process(IReadOnlyList<HistoryEvent> past, IReadOnlyList<HistoryEvent> fresh)
    {
        context.Replay(true);
        foreach (var recorded in past)
        {
            Process(recorded);
        }

        if (!Suspended && context.Unconfirmed.FirstOrDefault() is { } invented)
        {
            throw new NonDeterministicException(null, invented);
        }

        context.Replay(false);
        foreach (var arrived in fresh)
        {
            Process(arrived);
        }

        Actions = Suspended ? [] : [.. context.Unconfirmed];
        Conclude();
    }

    private void Process(HistoryEvent happened)
    {
        if (Suspended && happened is not (HistoryEvent.OrchestratorStarted or HistoryEvent.ExecutionResumed or HistoryEvent.ExecutionTerminated))
        {
            whileSuspended.Enqueue(happened);
            return;
        }

        switch (happened)
        {
            case HistoryEvent.OrchestratorStarted started:
                context.StartEpisode(started.At);
                break;
            case HistoryEvent.ExecutionStarted:
                running = RunOrchestrator();
                break;
            case HistoryEvent.Action action:
                context.Confirm(action);
                break;
            case HistoryEvent.ActivityCompleted completed:
                context.Complete(completed.ScheduledId, completed.Result);
                break;
            case HistoryEvent.ActivityFailed failed:
                context.Fail(failed.ScheduledId, failed.Failure);
                break;
            case HistoryEvent.TimerFired fired:
                context.Complete(fired.CreatedId, null);
                break;
            case HistoryEvent.EventRaised raised when context.Next is { } next:
                next.CarriedOver.Add(raised);
                break;
            case HistoryEvent.EventRaised raised:
                context.Events.Deliver(raised.Name, raised.Payload);
                break;
            case HistoryEvent.ExecutionSuspended:
                Suspended = true;
                break;
            case HistoryEvent.ExecutionResumed:
                Suspended = false;
                while (whileSuspended.TryDequeue(out var held))
                {
                    Process(held);
                }

                break;
            case HistoryEvent.ExecutionTerminated stopped:
                terminated ??= stopped;
                break;
            default:
                throw new InvalidOperationException($"An execution that has ended got {happened}.");
        }
    }

    private void Conclude()
    {
        if (terminated is not null)
        {
            Ended = new(OrchestrationRuntimeStatus.Terminated, terminated.Output, null);
        }
        else if (Suspended || context.HasOpenTasks)
        {
            return;
        }
        else if (running!.IsCanceled)
        {
            throw new InvalidOperationException("The orchestrator ended by cancellation: a host tries such an episode again without end.");
        }
        else if (running.Exception?.InnerException is { } failure)
        {
            Ended = new(
                OrchestrationRuntimeStatus.Failed, failure.Message, failure is TaskFailedException task ? task.FailureDetails : Payloads.Failure(failure));
        }
        else if (running.IsCompleted && context.Next is { } next)
        {
            Next = next;
        }
        else if (running.IsCompleted)
        {
            Ended = new(OrchestrationRuntimeStatus.Completed, Payloads.Write(running.Result), null);
        }
        else if (!context.Events.Any)
        {
            throw new InvalidOperationException("The orchestrator waits for nothing durable: it awaited something else and would never go on.");
        }
    }

    private async Task<object?> RunOrchestrator()
    {
        var task = orchestrator(context);
        await task;
        var result = task.GetType().GetProperty(nameof(Task<>.Result));
        return result is null || result.PropertyType.Name == "VoidTaskResult" ? null : result.GetValue(task);
    }
}
