using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>
/// What this process knows of the addresses it calls, by tenant and registration. Nothing of it is stored: a process that starts has to learn anew which
/// addresses fail. Bounded: past the bound what nobody uses at the moment is forgotten.
/// </summary>
public sealed class UpstreamRoutes(TimeProvider time)
{
    private const int MaxSets = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<(TenantId Tenant, string Registration), RouteSet> _sets = [];

    /// <summary>How the addresses of a server's registration stand, primary first.</summary>
    public IReadOnlyList<RouteState> Of(TenantId tenant, ServerBody server) => [.. Set(tenant, server.RegistrationId, server.Address, server.Settings).Routes.Select(route => route.State)];

    /// <summary>Forgets the registrations of a tenant that are none any more, once their calls have ended.</summary>
    public void Keep(TenantId tenant, IReadOnlySet<string> registrations)
    {
        lock (_lock)
            foreach (var (key, set) in _sets)
                if (key.Tenant == tenant && !registrations.Contains(key.Registration) && set.IsIdle) _sets.Remove(key);
    }

    /// <summary>Whether an address of a server that shows the registered contract takes calls.</summary>
    public bool TakesCalls(TenantId tenant, RegistryEntry server)
    {
        var body = server.As<ServerBody>();
        return Set(tenant, body.RegistrationId, body.Address, body.Settings).Routes.Any(route => route.TakesCalls && server.PassedOver?.Contains(route.Address) != true);
    }

    internal RouteSet Of(GatewayCall call, CallContract contract) => Set(call.Tenant, contract.Endpoint.RegistrationId, contract.Endpoint.Address, contract.Server);

    internal RouteSet Set(TenantId tenant, string registration, Uri primary, ServerSettings settings)
    {
        lock (_lock)
        {
            if (_sets.TryGetValue((tenant, registration), out var known)) return known;
            if (_sets.Count >= MaxSets) Forget();
            var set = new RouteSet(primary, settings, time);
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
