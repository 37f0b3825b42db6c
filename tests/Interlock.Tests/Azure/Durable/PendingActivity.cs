namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// An activity in the queue: the test says what becomes of it. It stays in the queue, also when nobody waits for it any more, until its
/// completion was sent.
/// </summary>
internal sealed class PendingActivity(DurableSimulator simulator, string instanceId, string executionId, int id, string name, string? input)
{
    public string InstanceId => instanceId;

    public string ExecutionId => executionId;

    public int Id => id;

    public string Name => name;

    /// <summary>The input as JSON.</summary>
    public string? Input => input;

    /// <summary>How often the activity was begun.</summary>
    public int Attempts { get; private set; }

    /// <summary>Runs it and sends the completion.</summary>
    public async Task RunAsync()
    {
        simulator.Remove(this);
        Answer(await ExecuteAsync());
    }

    /// <summary>Runs it and keeps the completion back; the result sends it, however late.</summary>
    public async Task<Action> BeginAsync()
    {
        simulator.Remove(this);
        var answer = await ExecuteAsync();
        return () => Answer(answer);
    }

    /// <summary>Two workers got it: both run it at the same time and both send a completion.</summary>
    public async Task RunTwiceAsync()
    {
        simulator.Remove(this);
        foreach (var answer in await Task.WhenAll(ExecuteAsync(), ExecuteAsync()))
        {
            Answer(answer);
        }
    }

    /// <summary>Runs it on a worker that dies before the completion is recorded: it stays in the queue for another one.</summary>
    public Task CrashAsync() => ExecuteAsync();

    /// <summary>Sends a result without running anything.</summary>
    public void Complete(object? result)
    {
        simulator.Remove(this);
        Answer(new HistoryEvent.ActivityCompleted(id, Payloads.Write(result)));
    }

    /// <summary>Sends a failure without running anything.</summary>
    public void Fail(Exception failure)
    {
        simulator.Remove(this);
        Answer(new HistoryEvent.ActivityFailed(id, Payloads.Failure(failure)));
    }

    public override string ToString() => $"{name}#{id} of {instanceId}";

    private async Task<HistoryEvent> ExecuteAsync()
    {
        Attempts++;
        string? result;
        try
        {
            result = await simulator.ExecuteAsync(name, input);
        }
#pragma warning disable CA1031 // What an activity throws is the orchestrator's business.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return new HistoryEvent.ActivityFailed(id, Payloads.Failure(failure));
        }

        return new HistoryEvent.ActivityCompleted(id, result);
    }

    private void Answer(HistoryEvent answer) => simulator.Post(new(instanceId, executionId, answer));
}
