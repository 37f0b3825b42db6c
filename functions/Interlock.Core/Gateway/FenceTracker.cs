using Interlock.Core.Registry;

namespace Interlock.Core.Gateway;

/// <summary>
/// Knows which calls have passed the fence under which epoch and have not ended, so that a lifecycle change can say when none of an older
/// epoch is left, or name them. One per process.
/// </summary>
public sealed class FenceTracker
{
    private readonly Lock _lock = new();
    private readonly HashSet<Ticket> _inFlight = [];

    /// <summary>Registers a call that is about to read the registry for the last time; dispose it when the call has ended.</summary>
    public IDisposable Enter(GatewayCall call)
    {
        var ticket = new Ticket(this, call);
        lock (_lock) _inFlight.Add(ticket);
        return ticket;
    }

    /// <summary>
    /// Waits until no call to this tool or agent, or to any tool of this server, that was under way at the moment of asking is left, or the time is over; gives those still in flight.
    /// </summary>
    public async Task<IReadOnlyList<EffectId>> DrainAsync(TenantId tenant, RegistryKind kind, string name, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken = default)
    {
        List<Ticket> older;
        lock (_lock) older = [.. _inFlight.Where(ticket => ticket.Call.Tenant == tenant && Concerns(kind, name, ticket.Call))];
        try
        {
            await Task.WhenAll(older.Select(ticket => ticket.Ended)).WaitAsync(patience, time, cancellationToken);
            return [];
        }
        catch (TimeoutException)
        {
            return [.. older.Where(ticket => !ticket.Ended.IsCompleted).Select(ticket => ticket.Call.Effect)];
        }
    }

    private static bool Concerns(RegistryKind kind, string name, GatewayCall call) => kind switch
    {
        RegistryKind.Tool => call.Kind == TargetKind.Tool && call.Target == name,
        RegistryKind.Server => call.Kind == TargetKind.Tool && call.Target.StartsWith(name + "/", StringComparison.Ordinal),
        RegistryKind.Agent => call.Kind == TargetKind.Agent && call.Target == name,
        RegistryKind.Route => call.Via is { } via && VirtualTarget.TryParse(via)?.Name == name,
        _ => false, // workflows and policies are not called
    };

    private sealed class Ticket(FenceTracker tracker, GatewayCall call) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public GatewayCall Call { get; } = call;

        public Task Ended => _ended.Task;

        public void Dispose()
        {
            lock (tracker._lock) tracker._inFlight.Remove(this);
            _ended.TrySetResult();
        }
    }
}
