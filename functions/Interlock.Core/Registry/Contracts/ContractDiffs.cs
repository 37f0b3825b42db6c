using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Core.Registry.Contracts;

/// <summary>Compares what is known of a tool: its versions, and what its server showed instead of a quarantined one.</summary>
public static class ContractDiffs
{
    /// <summary>What stands for the contract shown in place of a quarantined one.</summary>
    public const string Shown = "shown";

    /// <summary>
    /// The difference between two of a tool's contracts, each a version or <see cref="Shown"/>. Without names: from a quarantined version to what is shown
    /// instead, or between the newest two versions. Null when one is not known.
    /// </summary>
    public static (string From, string To, ContractDiff Diff)? Find(RegistrySnapshot registry, string tool, string? from, string? to)
    {
        var versions = registry.OfKind(RegistryKind.Tool).Where(entry => entry.Name == tool).OrderByDescending(entry => SemanticVersion.TryParse(entry.Version)).ToList();
        var changed = versions.Find(entry => entry.Shown is not null && (from is null or Shown || entry.Version == from));
        to ??= changed is not null ? Shown : versions.FirstOrDefault()?.Version;
        from ??= to == Shown ? changed?.Version : versions.SkipWhile(entry => entry.Version != to).Skip(1).FirstOrDefault()?.Version;
        return Contract(registry, versions, changed, from) is { } before && Contract(registry, versions, changed, to) is { } after
            ? (from!, to!, ContractDiff.Between(before, after)) // what was found has a name
            : null;
    }

    /// <summary>How what is shown differs from what is registered; null when nothing else is shown, or it was too large to be kept.</summary>
    public static ContractDiff? OfShown(RegistrySnapshot registry, RegistryEntry entry) =>
        entry.Shown?.Contract is null ? null : Find(registry, entry.Name, entry.Version, Shown)?.Diff;

    private static (JsonValue, string?)? Contract(RegistrySnapshot registry, List<RegistryEntry> versions, RegistryEntry? changed, string? name)
    {
        if (name == Shown) return changed?.Shown is { Contract: { } contract } shown ? (contract, shown.Instructions) : null;
        return versions.Find(entry => entry.Version == name)?.As<ToolBody>() is { } body ? (body.Contract, Instructions(registry, versions[0].Name, body)) : null;
    }

    /// <summary>The instructions beside which a contract was registered: the digest says which of the server's they were.</summary>
    private static string? Instructions(RegistrySnapshot registry, string tool, ToolBody body) => registry.OfKind(RegistryKind.Server)
        .Where(entry => entry.Name == new ToolName(tool).Server)
        .Select(entry => entry.As<ServerBody>().Instructions)
        .FirstOrDefault(instructions => ToolContract.Compute(body.Contract, instructions) == body.ContractDigest);
}
