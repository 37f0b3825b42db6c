using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// What a worker does with one batch of an instance's messages: an episode, and further ones of next generations for as long as the orchestrator
/// asks for them. Nothing is visible to others until the simulator sends and records it.
/// </summary>
internal sealed class Turn
{
    private const int MostGenerations = 1000;

    private Turn(string executionId, string? input, List<HistoryEvent> history, Episode first)
    {
        ExecutionId = executionId;
        Input = input;
        History = history;
        Last = first;
    }

    public string ExecutionId { get; private set; }

    public string? Input { get; private set; }

    public List<HistoryEvent> History { get; private set; }

    public Episode Last { get; private set; }

    public string? CustomStatus { get; private set; }

    /// <summary>How many generations were begun in this turn.</summary>
    public int Generation { get; private set; }

    /// <summary>The actions of all the turn's executions, with the execution that waits for the answer.</summary>
    public List<(string ExecutionId, HistoryEvent.Action Action)> Actions { get; } = [];

    public static Turn Of(
        Instance instance,
        IReadOnlyList<Message> batch,
        Func<TaskOrchestrationContext, Task> orchestrator,
        DateTime now,
        Func<string> newExecutionId,
        ILoggerFactory loggers)
    {
        List<HistoryEvent> fresh = [new HistoryEvent.OrchestratorStarted(now), .. batch.Select(message => message.Event)];
        var turn = new Turn(
            instance.ExecutionId,
            instance.Input,
            [.. instance.History, .. fresh],
            Episode.Run(instance.Name, instance.InstanceId, orchestrator, instance.History, fresh, loggers));
        turn.Gather(null);
        while (turn.Last.Next is { } next)
        {
            if (++turn.Generation > MostGenerations)
            {
                throw new InvalidOperationException("The orchestrator goes on as new without end.");
            }

            turn.ExecutionId = newExecutionId();
            turn.Input = next.Input;
            turn.History = [new HistoryEvent.OrchestratorStarted(now), new HistoryEvent.ExecutionStarted(next.Input), .. next.CarriedOver];
            turn.Last = Episode.Run(instance.Name, instance.InstanceId, orchestrator, [], turn.History, loggers);
            turn.Gather(turn.CustomStatus);
        }

        return turn;
    }

    private void Gather(string? formerStatus)
    {
        History.AddRange(Last.Actions);
        Actions.AddRange(Last.Actions.Select(action => (ExecutionId, action)));
        CustomStatus = Last.CustomStatus ?? formerStatus;
        if (Last.Ended is { } ended)
        {
            History.Add(ended);
        }
    }
}
