using System.Collections.Immutable;

namespace Interlock.Core.Registry;

/// <summary>All of a tenant's registry at one epoch.</summary>
public sealed class RegistrySnapshot(TenantId tenant, long epoch, IEnumerable<RegistryEntry> entries)
{
    private readonly ILookup<(RegistryKind, string), RegistryEntry> _entries = entries.ToLookup(entry => (entry.Kind, entry.Name));

    public TenantId Tenant { get; } = tenant;

    public long Epoch { get; } = epoch;

    public IEnumerable<RegistryEntry> All => _entries.SelectMany(versions => versions);

    public IEnumerable<RegistryEntry> OfKind(RegistryKind kind) => All.Where(entry => entry.Kind == kind);

    public RegistryEntry? Find(RegistryKind kind, string name, string version) =>
        _entries[(kind, name)].FirstOrDefault(entry => entry.Version == version);

    /// <summary>The newest active version of that name, or null.</summary>
    public RegistryEntry? Newest(RegistryKind kind, string name) =>
        Versions(kind, name).Where(entry => entry.Lifecycle == Lifecycle.Active).MaxBy(entry => SemanticVersion.TryParse(entry.Version));

    /// <summary>
    /// The version that a call now goes to: the newest one of the range that is active; else, of a deprecated one, the successor or the newest active version, if it takes
    /// all that the old one took and gives only what that gave. Disabled and quarantined never answer.
    /// </summary>
    public Resolution Resolve(RegistryKind kind, string name, string? range)
    {
        if (VersionRange.TryParse(range) is not { } wanted) return Refuse("version", 400, $"'{range}' is no version range; write 1.2.3, ^1 or ~1.2.");
        var known = Versions(kind, name).ToImmutableArray();
        if (known.IsEmpty) return Refuse("unknown", 404, $"There is no {kind.ToString().ToLowerInvariant()} '{name}' in the registry.");
        var candidates = known
            .Where(entry => SemanticVersion.TryParse(entry.Version) is { } version && wanted.Matches(version))
            .OrderByDescending(entry => SemanticVersion.TryParse(entry.Version))
            .ToImmutableArray();
        if (candidates.FirstOrDefault(entry => entry.Lifecycle == Lifecycle.Active) is { } active) return new Resolution.Found(active, null);
        if (candidates.FirstOrDefault(entry => entry.Lifecycle == Lifecycle.Deprecated) is { } deprecated) return Repin(deprecated);
        return candidates.FirstOrDefault()?.Lifecycle switch
        {
            Lifecycle.Disabled => Refuse("disabled", 403, $"'{name}' {candidates[0].Version} is disabled{Because(candidates[0])}."),
            Lifecycle.Quarantined => Refuse("quarantined", 403, $"'{name}' {candidates[0].Version} is quarantined{Because(candidates[0])}; someone must approve its contract again."),
            Lifecycle.Draft => Refuse("draft", 403, $"'{name}' {candidates[0].Version} is a draft; activate it first."),
            _ => Refuse("version", 404, $"No version of '{name}' is in the range {wanted}; there are {string.Join(", ", known.Select(entry => entry.Version))}."),
        };
    }

    /// <summary>To the successor that was named; of a tool else to the newest active version that fits.</summary>
    private Resolution Repin(RegistryEntry deprecated)
    {
        var named = deprecated.Successor is { } version && Find(deprecated.Kind, deprecated.Name, version) is { Lifecycle: Lifecycle.Active } successor ? successor : null;
        var known = deprecated.Kind == RegistryKind.Tool ? _entries[(deprecated.Kind, deprecated.Name)].Where(entry => entry.Lifecycle == Lifecycle.Active) : [];
        var candidates = named is not null ? [named] : known.OrderByDescending(entry => SemanticVersion.TryParse(entry.Version)).ToImmutableArray();
        if (candidates.FirstOrDefault(entry => entry.Kind != RegistryKind.Tool || VersionFit.Breaks(deprecated, entry).IsEmpty) is { } fitting) return new Resolution.Found(fitting, deprecated);
        return candidates.FirstOrDefault() is { } newest
            ? Refuse("deprecated", 410, $"'{deprecated.Name}' {deprecated.Version} is deprecated and {(named is null ? "the newest active version" : "its successor")} {newest.Version} is not compatible: {VersionFit.Describe(VersionFit.Breaks(deprecated, newest))}")
            : Refuse("deprecated", 410, $"'{deprecated.Name}' {deprecated.Version} is deprecated{Because(deprecated)} and has no active successor.");
    }

    /// <summary>What is registered of that name, or is our own.</summary>
    private IEnumerable<RegistryEntry> Versions(RegistryKind kind, string name) => BuiltinServer.Find(kind, name) is { } own ? [own] : _entries[(kind, name)];

    private static string Because(RegistryEntry entry) => entry.Reason is null ? "" : $" ({entry.Reason})";

    private static Resolution.Refused Refuse(string rule, int status, string detail) => new(rule, status, detail);
}

/// <summary>Where a name and a version range lead now.</summary>
public abstract record Resolution
{
    /// <summary>The entry; <paramref name="RepinnedFrom"/> is the deprecated one it stands in for.</summary>
    public sealed record Found(RegistryEntry Entry, RegistryEntry? RepinnedFrom) : Resolution;

    public sealed record Refused(string Rule, int Status, string Detail) : Resolution;
}
