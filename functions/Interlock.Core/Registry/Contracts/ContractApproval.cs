using Interlock.Core.Gateway;
using Interlock.Core.Identity;

namespace Interlock.Core.Registry.Contracts;

/// <summary>
/// Lifts the quarantine of a tool whose server shows another contract. The person names the contract by its digest; if the server shows yet another by now, nothing is
/// approved, and that one stands there to be read.
/// </summary>
internal sealed class ContractApproval(RegistryStore registries, RegistryWriter writer, IUpstreamDiscovery discovery, TimeProvider time)
{
    public static Problem Unnamed(string name, string shown) => Changed(
        $"The server of '{name}' shows another contract than the registered one: read how they differ, and name the one that shall hold by its digest, 'contract' in the request. It showed {shown}.");

    public async Task<RegistryResult> ApproveAsync(Principal by, string name, string version, string contract, string? reason, CancellationToken cancellationToken)
    {
        var registry = await registries.ReadAsync(by.Tenant, cancellationToken);
        if (registry.Find(RegistryKind.Tool, name, version) is not { } entry) return RegistryResult.Refuse(404, "No such version", $"There is no tool '{name}' {version}.");
        if (entry.Lifecycle != Lifecycle.Quarantined) return RegistryResult.Refuse(409, "The tool is not quarantined", $"'{name}' {version} is {entry.Lifecycle.ToString().ToLowerInvariant()}.");
        var registered = entry.As<ToolBody>();
        if (contract != registered.ContractDigest && contract != entry.Shown?.Digest) return Refuse($"'{name}' {version} neither has nor was seen to show that contract; read it again.");
        if (registry.Newest(RegistryKind.Server, new ToolName(name).Server) is not { } server) return RegistryResult.Refuse(409, "The server is not active", $"The server of '{name}' is not active, so it can't be asked.");
        if (writer.IsTrial) return await writer.WriteAsync(by.Subject, registry, [], null, cancellationToken);
        var found = await discovery.DiscoverAsync(UpstreamEndpoint.Of(by.Tenant, server.As<ServerBody>()), cancellationToken);
        if (found.Failure is { } failure) return new RegistryResult.Refused(failure, []);
        if (found.Contracts.Where(tool => tool.Name == new ToolName(name).Tool).ToList() is not [var shown]) return Refuse($"The server no longer shows '{name}', or shows it twice.");
        if (shown.Digest != contract) return await AgainAsync(by, registry, entry, shown, found.ServerInstructions, cancellationToken);
        if (RegistryDesk.Unusable(shown.InputSchema) is { } unusable) return RegistryResult.Refuse(400, "The contract can't be approved", unusable);
        var now = time.GetUtcNow();
        var approved = shown.Digest == registered.ContractDigest
            ? [entry with { Lifecycle = Lifecycle.Active, Shown = null, Findings = null, Reason = reason, ChangedBy = by.Subject, ChangedAt = now }]
            : Replaced(registry, entry, registered with { Contract = shown.Raw, ContractDigest = shown.Digest, InputSchema = shown.InputSchema, OutputSchema = shown.OutputSchema }, by, reason, now);
        return await writer.WriteAsync(by.Subject, registry, approved, null, cancellationToken);
    }

    private static List<RegistryEntry> Replaced(RegistrySnapshot registry, RegistryEntry entry, ToolBody body, Principal by, string? reason, DateTimeOffset now)
    {
        var next = RegistryDesk.Next(registry, RegistryEntry.Create(RegistryKind.Tool, entry.Name, entry.Version, Lifecycle.Active, body, by.Subject, now) with { Reason = reason, Findings = entry.Findings });
        var replaced = registry.OfKind(RegistryKind.Tool).Where(other => other.Name == entry.Name && (other.Version == entry.Version || other.Lifecycle == Lifecycle.Active))
            .Select(other => other with { Lifecycle = Lifecycle.Deprecated, Successor = next.Version, Shown = null, ChangedBy = by.Subject, ChangedAt = now });
        return [.. replaced, next];
    }

    private async Task<RegistryResult> AgainAsync(Principal by, RegistrySnapshot registry, RegistryEntry entry, ToolContract shown, string? instructions, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var again = entry with
        {
            Shown = ShownContract.Of(entry, shown, instructions, now),
            Findings = ContractScan.Run(shown, instructions, ForeignTools.Of(registry, new ToolName(entry.Name).Server)),
            ChangedBy = by.Subject,
            ChangedAt = now,
        };
        var written = await writer.WriteAsync(by.Subject, registry, [again], ContractRefresh.Rule, cancellationToken);
        return written is RegistryResult.Refused ? written : Refuse($"The server shows another contract by now, {shown.Digest}. It is kept beside the registered one: read how they differ, and decide again.");
    }

    private static RegistryResult.Refused Refuse(string detail) => new(Changed(detail), []);

    private static Problem Changed(string detail) =>
        new(ProblemTypes.Refused, 409, "The contract is another one", detail) { Stage = "registry", Rule = ContractRefresh.Rule };
}
