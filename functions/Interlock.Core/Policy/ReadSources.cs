using System.Collections.Immutable;

namespace Interlock.Core.Policy;

/// <summary>Whose content was read before a call: <c>server/tool</c>, <c>agent:name</c>, <c>event:type</c>.</summary>
public sealed record ReadSources
{
    private readonly ImmutableSortedSet<string>? _sources;

    public ReadSources(IEnumerable<string> sources) => _sources = sources.ToImmutableSortedSet(StringComparer.Ordinal);

    private ReadSources()
    {
    }

    /// <summary>Where too much was read to look at all of it.</summary>
    public static ReadSources Anything { get; } = new();

    /// <summary>The first source that one of the patterns names, as a refusal names it; null when none does.</summary>
    internal string? First(ImmutableArray<TargetPattern> patterns) => _sources is null ? "more than can be looked at" : _sources.FirstOrDefault(source => patterns.Any(pattern => pattern.Matches(source)));
}
