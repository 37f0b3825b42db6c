using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>
/// Asks the addresses of a tenant's active servers whether they are there, each when its turn has come, and forgets what is registered no more. Runs in every
/// process, for what it learns is that process's own.
/// </summary>
public sealed class HealthChecks(RegistryStore registries, IUpstreamHealth health, UpstreamRoutes routes, TimeProvider time, Func<double> jitter)
{
    /// <summary>How often a pass should be made: the shortest interval between two checks of one address.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const int AtOnce = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task RunAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var registry = await registries.ReadAsync(tenant, cancellationToken);
        routes.Keep(tenant, Registrations(registry).ToHashSet(StringComparer.Ordinal));
        var due = Servers(registry).SelectMany(server => Due(tenant, server)).ToList();
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (one, stop) => await CheckAsync(one.Route, one.Endpoint, stop));
    }

    private IEnumerable<(UpstreamRoute Route, UpstreamEndpoint Endpoint)> Due(TenantId tenant, ServerBody server)
    {
        var endpoint = UpstreamEndpoint.Of(tenant, server);
        foreach (var route in routes.Set(tenant, server.RegistrationId, server.Address, server.Settings).Routes)
            if (route.Health.Takes(jitter())) yield return (route, endpoint with { Address = route.Address });
    }

    private async Task CheckAsync(UpstreamRoute route, UpstreamEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var budget = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        Problem? problem;
        try
        {
            problem = await health.CheckAsync(endpoint, budget.Token).WaitAsync(budget.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            problem = new Problem(ProblemTypes.Timeout, 504, "The upstream did not answer a health check in time");
        }
        route.Health.Record(problem is null);
        if (problem is not null) route.Failed(problem);
    }

    private static IEnumerable<ServerBody> Servers(RegistrySnapshot registry) => registry.OfKind(RegistryKind.Server).Select(entry => entry.Name).Distinct()
        .Select(name => registry.Newest(RegistryKind.Server, name)).OfType<RegistryEntry>().Select(entry => entry.As<ServerBody>())
        .Where(server => server.Settings.Protocol == ServerProtocol.Mcp); // of plain HTTP nobody knows what may be asked without an effect

    private static IEnumerable<string> Registrations(RegistrySnapshot registry) =>
        registry.OfKind(RegistryKind.Server).Where(IsInUse).Select(entry => entry.As<ServerBody>().RegistrationId)
            .Concat(registry.OfKind(RegistryKind.Agent).Where(IsInUse).Select(entry => entry.As<AgentBody>().RegistrationId));

    private static bool IsInUse(RegistryEntry entry) => entry.Lifecycle is Lifecycle.Active or Lifecycle.Deprecated;
}
