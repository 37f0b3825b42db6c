using Interlock.Core.Registry;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway.Fences;

/// <summary>
/// Knows which calls have passed the fence and have not ended, so that a lifecycle change can say when none from before it is left, or name them: this process's own from
/// memory, those of others from what each says of itself, and those that go on at their upstreams from rows of their own. One per process.
/// </summary>
/// <param name="store">Shared with the other processes.</param>
/// <param name="registries">The registry in that store.</param>
/// <param name="time">The time, on which the processes agree to within seconds.</param>
/// <param name="lease">Set where several processes share the store.</param>
public sealed class FenceTracker(ITableStore store, RegistryStore registries, TimeProvider time, EffectLease? lease = null)
{
    private readonly Lock _lock = new();
    private readonly HashSet<FenceTicket> _inFlight = [];
    private readonly ProcessBoard? _board = lease is null ? null : new(store, registries, lease, time);

    internal HandedCalls Handed { get; } = new(store);

    /// <summary>Registers a call that is about to read the registry for the last time, for the other processes too; dispose it when the call has ended.</summary>
    public async ValueTask<FenceTicket> EnterAsync(GatewayCall call, CancellationToken cancellationToken = default)
    {
        var ticket = new FenceTicket(call, Leave);
        lock (_lock) _inFlight.Add(ticket);
        if (_board is null) return ticket;
        try
        {
            ticket.SeenUntil = _board.SeenUntil(call.Tenant) ?? await _board.AppearAsync(call.Tenant, () => Calls(call.Tenant), cancellationToken);
            return ticket;
        }
        catch
        {
            ticket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Waits until no call to this tool, agent or route, or to any tool of this server, that may have passed the fence before that epoch is left in any process, or the time is over.
    /// Those still in flight are named, and processes that did not say what they have; a call that goes on at its upstream is not waited for.
    /// </summary>
    public async Task<Drained> DrainAsync(TenantId tenant, long epoch, RegistryKind kind, string name, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        List<FenceTicket> older;
        lock (_lock) older = [.. _inFlight.Where(ticket => ticket.Call.Tenant == tenant && CallUnderWay.Of(ticket.Call).Concerns(kind, name))];
        var others = _board?.DrainAsync(tenant, epoch, kind, name, patience, cancellationToken) ?? Task.FromResult(Drained.Nothing);
        await Task.WhenAll(older.Select(ticket => ticket.Ended)).WaitAsync(patience, time, cancellationToken).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        cancellationToken.ThrowIfCancellationRequested();
        var (elsewhere, silent) = await others;
        var own = older.Where(ticket => !ticket.Ended.IsCompleted).Select(ticket => ticket.Call.Effect);
        var handed = await Handed.ListAsync(tenant, kind, name, cancellationToken);
        return new([.. own.Concat(elsewhere).Concat(handed).Distinct()], silent);
    }

    private List<CallUnderWay> Calls(TenantId tenant)
    {
        lock (_lock) return [.. _inFlight.Where(ticket => ticket.Call.Tenant == tenant).Select(ticket => CallUnderWay.Of(ticket.Call))];
    }

    private void Leave(FenceTicket ticket)
    {
        lock (_lock) _inFlight.Remove(ticket);
    }
}

/// <summary>What was left when a change was acknowledged: calls, and processes that did not say in time what they have under way.</summary>
public sealed record Drained(IReadOnlyList<EffectId> Calls, IReadOnlyList<string> Silent)
{
    internal static Drained Nothing { get; } = new([], []);
}
