namespace Interlock.Core.Gateway.Fences;

/// <summary>A call between the fence and its end.</summary>
public sealed class FenceTicket : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<FenceTicket> _leave;

    internal FenceTicket(GatewayCall call, Action<FenceTicket> leave) => (Call, _leave) = (call, leave);

    internal GatewayCall Call { get; }

    /// <summary>Until when other processes are sure to know of it; null where there are none. After that it is not to be sent.</summary>
    internal DateTimeOffset? SeenUntil { get; set; }

    internal Task Ended => _ended.Task;

    public void Dispose()
    {
        _leave(this);
        _ended.TrySetResult();
    }
}
