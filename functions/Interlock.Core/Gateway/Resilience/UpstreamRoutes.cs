using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>
/// What this process knows of the addresses it calls, by tenant and registration. Nothing of it is stored: a process that starts has to learn anew which
/// addresses fail. Bounded: past the bound what nobody uses at the moment is forgotten.
/// </summary>
public sealed class UpstreamRoutes(TimeProvider time)
{
    private const int MaxSets = 4096;

    /// <summary>How long after it was to be asked after a call that goes on keeps its place here: by then another process asks after it, and has a place of its own for it.</summary>
    private static readonly TimeSpan HeldAfterPoll = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<(TenantId Tenant, string Registration), RouteSet> _sets = [];
    private readonly Dictionary<(TenantId Tenant, EffectId Effect), (UpstreamRoute Route, DateTimeOffset Until)> _held = [];

    /// <summary>Hears of circuits that open and close; set once, by the host.</summary>
    public Action<CircuitChange>? Moved { get; set; }

    /// <summary>How the addresses of a server's registration stand, primary first.</summary>
    public IReadOnlyList<RouteState> Of(TenantId tenant, ServerBody server) => [.. Set(tenant, server.RegistrationId, server.Address, server.Settings).Routes.Select(route => route.State)];

    /// <summary>Forgets the registrations of a tenant that are none any more, once their calls have ended, and the places of calls that nobody asked after here for a while.</summary>
    public void Keep(TenantId tenant, IReadOnlySet<string> registrations)
    {
        lock (_lock)
        {
            foreach (var (key, held) in _held)
                if (held.Until < time.GetUtcNow() && _held.Remove(key)) held.Route.Leave();
            foreach (var (key, set) in _sets)
                if (key.Tenant == tenant && !registrations.Contains(key.Registration) && set.IsIdle) _sets.Remove(key);
        }
    }

    /// <summary>Whether an address of a server that shows the registered contract takes calls.</summary>
    public bool TakesCalls(TenantId tenant, RegistryEntry server)
    {
        var body = server.As<ServerBody>();
        return Set(tenant, body.RegistrationId, body.Address, body.Settings).Routes.Any(route => route.TakesCalls && server.PassedOver?.Contains(route.Address) != true);
    }

    /// <summary>
    /// Keeps a place for a call that goes on at its upstream, until <see cref="Release"/> or nobody asks after it here any more.
    /// </summary>
    /// <param name="call">The call.</param>
    /// <param name="contract">Of its tool or agent.</param>
    /// <param name="handle">Where it goes on, and when it is asked after.</param>
    /// <param name="kept">The address whose place it has already; null when it is to take one.</param>
    internal void Hold(GatewayCall call, CallContract contract, LedgerHandle handle, UpstreamRoute? kept)
    {
        var until = handle.PollAt + HeldAfterPoll;
        lock (_lock)
        {
            var key = (call.Tenant, call.Effect);
            var isHeld = _held.TryGetValue(key, out var held);
            if (isHeld && kept is null)
            {
                _held[key] = held with { Until = until };
                return;
            }
            if (isHeld) held.Route.Leave();
            var route = kept ?? Of(call, contract).Routes.FirstOrDefault(route => route.Address == (handle.At ?? contract.Endpoint.Address));
            if (route is null) return; // it is none of its addresses any more
            if (kept is null) route.Force();
            _held[key] = (route, until);
        }
    }

    /// <summary>Gives the place back of a call that has ended, where it had one.</summary>
    internal void Release(GatewayCall call)
    {
        lock (_lock)
            if (_held.Remove((call.Tenant, call.Effect), out var held)) held.Route.Leave();
    }

    internal RouteSet Of(GatewayCall call, CallContract contract) => Set(call.Tenant, contract.Endpoint.RegistrationId, contract.Endpoint.Address, contract.Server);

    internal RouteSet Set(TenantId tenant, string registration, Uri primary, ServerSettings settings)
    {
        lock (_lock)
        {
            if (_sets.TryGetValue((tenant, registration), out var known)) return known;
            if (_sets.Count >= MaxSets) Forget();
            var set = new RouteSet(primary, settings, time, change => Moved?.Invoke(change));
            _sets.Add((tenant, registration), set);
            return set;
        }
    }

    private void Forget()
    {
        foreach (var (key, set) in _sets)
            if (set.IsIdle) _sets.Remove(key);
    }
}
