using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Interlock.Tests.Azure.Durable;

/// <summary>What the task hub keeps of one instance id: the current execution's history, its row for clients, and the messages that wait for it.</summary>
internal sealed class Instance(string instanceId, TaskName name, string executionId, string? input, DateTimeOffset createdAt)
{
    public string InstanceId => instanceId;

    public TaskName Name => name;

    public string ExecutionId { get; private set; } = executionId;

    public string? Input { get; private set; } = input;

    public DateTimeOffset CreatedAt { get; } = createdAt;

    public DateTimeOffset UpdatedAt { get; private set; } = createdAt;

    public OrchestrationRuntimeStatus Status { get; private set; } = OrchestrationRuntimeStatus.Pending;

    public string? CustomStatus { get; private set; }

    public string? Output { get; private set; }

    public TaskFailureDetails? Failure { get; private set; }

    public IReadOnlyList<HistoryEvent> History { get; private set; } = [];

    /// <summary>How many executions this instance has had.</summary>
    public int Generations { get; private set; } = 1;

    public IReadOnlyList<DateTime> OpenTimers { get; private set; } = [];

    /// <summary>In the order of arrival.</summary>
    public List<Message> Inbox { get; } = [];

    public bool IsOver => Status is OrchestrationRuntimeStatus.Completed or OrchestrationRuntimeStatus.Failed or OrchestrationRuntimeStatus.Terminated;

    public bool HasWork => Inbox.Any(message => !IsEarly(message));

    /// <summary>
    /// Takes what the next episode gets of the first <paramref name="count"/> messages. Answers to other executions are dropped; answers to
    /// actions that the history does not have yet stay for later.
    /// </summary>
    public IReadOnlyList<Message> Take(int count)
    {
        List<Message> taken = [];
        foreach (var message in Inbox.Take(count).ToList())
        {
            if (message.ExecutionId is not null && message.ExecutionId != ExecutionId)
            {
                Inbox.Remove(message);
            }
            else if (!IsEarly(message))
            {
                Inbox.Remove(message);
                taken.Add(message);
            }
        }

        return taken;
    }

    public void Record(Turn turn, DateTimeOffset at)
    {
        Generations += turn.Generation;
        ExecutionId = turn.ExecutionId;
        Input = turn.Input;
        History = turn.History;
        UpdatedAt = at;
        CustomStatus = turn.CustomStatus;
        OpenTimers = turn.Last.OpenTimers;
        Status = turn.Last.Ended?.Status ?? (turn.Last.Suspended ? OrchestrationRuntimeStatus.Suspended : OrchestrationRuntimeStatus.Running);
        Output = turn.Last.Ended?.Output;
        Failure = turn.Last.Ended?.Failure;
        if (IsOver)
        {
            OpenTimers = [];
        }
    }

    /// <summary>Ends an instance that has not run yet, or that is to be replaced.</summary>
    public void Terminate(string? output, DateTimeOffset at)
    {
        Status = OrchestrationRuntimeStatus.Terminated;
        Output = output;
        UpdatedAt = at;
        OpenTimers = [];
    }

    public OrchestrationMetadata Describe(bool withData) => new(Name.Name, InstanceId)
    {
        RuntimeStatus = Status,
        CreatedAt = CreatedAt,
        LastUpdatedAt = UpdatedAt,
        DataConverter = withData ? Payloads.Converter : null,
        SerializedInput = withData ? Input : null,
        SerializedOutput = withData ? Output : null,
        SerializedCustomStatus = withData ? CustomStatus : null,
        FailureDetails = withData ? Failure : null,
    };

    private bool IsEarly(Message message) => message.ExecutionId == ExecutionId
        && message.Answers is { } id && History.OfType<HistoryEvent.Action>().All(action => action.Id != id);
}
