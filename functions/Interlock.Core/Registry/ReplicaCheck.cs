using Interlock.Core.Gateway;

namespace Interlock.Core.Registry;

/// <summary>Replicas are one server: each shows the same contracts, or is none.</summary>
internal static class ReplicaCheck
{
    /// <summary>The rule that refuses and passes over.</summary>
    public const string Rule = "replica-contract";

    /// <summary>Asks every replica of a server that is to be registered; the first that can't be asked or shows something else is the problem.</summary>
    public static async Task<Problem?> RefuseAsync(TenantId tenant, ServerBody server, DiscoveryResult primary, IUpstreamDiscovery discovery, CancellationToken cancellationToken)
    {
        var endpoint = UpstreamEndpoint.Of(tenant, server);
        var shown = await Task.WhenAll(server.Settings.Replicas.Select(async replica => (replica, Found: await discovery.DiscoverAsync(endpoint with { Address = replica }, cancellationToken))));
        foreach (var (replica, found) in shown)
        {
            if (found.Failure is { } failure) return failure with { Detail = $"The replica {replica}: {failure.Detail ?? failure.Title}" };
            if (Different(primary, found) is { } tool)
                return new Problem(ProblemTypes.Conflict, 409, "A replica shows another contract", $"{UpstreamAddress.Shown(replica)} and {UpstreamAddress.Shown(server.Address)} don't show the same '{Excerpt.Of(tool, 60)}'; replicas of one server have the same contracts.") { Rule = Rule };
        }
        return null;
    }

    /// <summary>An active tool that a replica shows otherwise than it is registered, or lacks; not where its server shows the same, for then the tool has changed.</summary>
    public static string? Different(RegistrySnapshot registry, string server, DiscoveryResult? primary, DiscoveryResult replica)
    {
        var (before, now) = (Digests(primary), Digests(replica));
        return RegistryDesk.ActiveTools(registry, server)
            .Select(entry => (Tool: entry.Name[(server.Length + 1)..], entry.As<ToolBody>().ContractDigest))
            .Where(tool => now.GetValueOrDefault(tool.Tool) != tool.ContractDigest && (primary is null || now.GetValueOrDefault(tool.Tool) != before.GetValueOrDefault(tool.Tool)))
            .Select(tool => tool.Tool)
            .FirstOrDefault();
    }

    private static string? Different(DiscoveryResult primary, DiscoveryResult replica)
    {
        var (one, other) = (Digests(primary), Digests(replica));
        return one.Keys.Union(other.Keys).Order(StringComparer.Ordinal).FirstOrDefault(tool => one.GetValueOrDefault(tool) != other.GetValueOrDefault(tool));
    }

    private static Dictionary<string, string> Digests(DiscoveryResult? found) => (found?.Contracts ?? []).DistinctBy(tool => tool.Name).ToDictionary(tool => tool.Name, tool => tool.Digest, StringComparer.Ordinal);
}
