namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// Something on its way to an instance. What answers an action names the execution that it answers and is dropped by any other one; what clients
/// send names none.
/// </summary>
internal sealed record Message(string InstanceId, string? ExecutionId, HistoryEvent Event)
{
    /// <summary>The action that this is the answer to.</summary>
    public int? Answers => Event switch
    {
        HistoryEvent.ActivityCompleted completed => completed.ScheduledId,
        HistoryEvent.ActivityFailed failed => failed.ScheduledId,
        HistoryEvent.TimerFired fired => fired.CreatedId,
        _ => null,
    };
}
