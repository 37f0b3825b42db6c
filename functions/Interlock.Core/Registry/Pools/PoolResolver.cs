using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Gateway;

namespace Interlock.Core.Registry.Pools;

/// <summary>
/// What a request for a pool comes to in one registry: the version of each thing that answers now, and why the rest does not. Capabilities and tags are
/// the operator's word on that version. At most <see cref="MaxMembers"/>; what is asked for first comes first.
/// </summary>
public static class PoolResolver
{
    public const int MaxMembers = 128;

    private const string Tag = "tag:";
    private const int MaxExcluded = 128;
    private const int MaxWhy = 500;

    public static PoolChoices Resolve(PoolRequest request, RegistrySnapshot registry)
    {
        var (chosen, excluded) = (ImmutableArray.CreateBuilder<PoolChoice>(), ImmutableArray.CreateBuilder<PoolExclusion>());
        var (seen, over) = (new HashSet<(PoolKind, string)>(), 0);
        foreach (var (kind, asked) in Asked(request))
        {
            var names = Names(kind, asked, registry);
            if (names.Count == 0) excluded.Add(new(asked, "nothing in the registry answers to it"));
            foreach (var name in names.Where(name => seen.Add((kind, name))))
            {
                var (entry, why) = Answering(kind, name, registry);
                if (entry is null) excluded.Add(new(name, Excerpt.Of(why, MaxWhy)));
                else if (chosen.Count < MaxMembers) chosen.Add(new PoolChoice(kind, name, asked, entry) { Tool = ToolOf(entry) is { } tool ? Answering(PoolKind.Tool, tool, registry).Entry : null });
                else
                {
                    excluded.Add(new(name, $"the pool holds {MaxMembers} already"));
                    over++;
                }
            }
        }
        return new(chosen.ToImmutable(), Bounded(excluded)) { Over = over };
    }

    private static IEnumerable<(PoolKind Kind, string Asked)> Asked(PoolRequest request) =>
        request.Tools.Select(asked => (PoolKind.Tool, asked)).Concat(request.Agents.Select(asked => (PoolKind.Agent, asked))).Concat(request.Workflows.Select(asked => (PoolKind.Workflow, asked)));

    private static List<string> Names(PoolKind kind, string asked, RegistrySnapshot registry)
    {
        if (kind == PoolKind.Workflow) return [asked];
        if (asked.StartsWith(Tag, StringComparison.Ordinal)) return Standing(kind, registry, entry => TagsOf(entry).Contains(asked[Tag.Length..]));
        if (kind == PoolKind.Agent) return [asked];
        if (VirtualTarget.TryParse(asked) is { IsRoute: false, Name: var capability })
            return Standing(kind, registry, entry => entry.As<ToolBody>().Settings.Capabilities.Contains(capability));
        if (!asked.Contains('*')) return [asked];
        return TargetPattern.Parse(TargetKind.Tool, asked) is { } pattern ? Standing(kind, registry, entry => pattern.Matches(entry.Name)) : [];
    }

    /// <summary>The names whose newest active version, or newest one where none is, is so.</summary>
    private static List<string> Standing(PoolKind kind, RegistrySnapshot registry, Func<RegistryEntry, bool> isSo) =>
        [.. registry.OfKind(KindOf(kind)).GroupBy(entry => entry.Name, StringComparer.Ordinal)
            .Where(versions => !UpstreamOperations.Is(versions.Key) && isSo(versions.MaxBy(entry => (entry.Lifecycle == Lifecycle.Active, SemanticVersion.TryParse(entry.Version)))!)) // no group is empty
            .Select(versions => versions.Key).Order(StringComparer.Ordinal)];

    private static ImmutableArray<string> TagsOf(RegistryEntry entry) =>
        entry.Kind == RegistryKind.Agent ? entry.As<AgentBody>().Settings.Tags : entry.As<ToolBody>().Settings.Tags ?? [];

    private static (RegistryEntry? Entry, string Why) Answering(PoolKind kind, string name, RegistrySnapshot registry)
    {
        if (kind == PoolKind.Tool && UpstreamOperations.Is(name)) return (null, "it is no tool");
        var resolution = registry.Resolve(KindOf(kind), name, null);
        if (resolution is Resolution.Refused refused) return (null, refused.Detail.TrimEnd('.'));
        if (kind == PoolKind.Tool && name[..name.IndexOf('/')] is var server && registry.Newest(RegistryKind.Server, server) is null) return (null, $"the server '{server}' of this tool is not active");
        var found = ((Resolution.Found)resolution).Entry; // the only other case
        return ToolOf(found) is { } tool && Answering(PoolKind.Tool, tool, registry) is { Entry: null, Why: var why } ? (null, $"it is the tool '{tool}': {why}") : (found, "");
    }

    private static string? ToolOf(RegistryEntry entry) => entry.Kind == RegistryKind.Agent ? entry.As<AgentBody>().Settings.Tool : null;

    private static RegistryKind KindOf(PoolKind kind) => kind switch
    {
        PoolKind.Tool => RegistryKind.Tool,
        PoolKind.Agent => RegistryKind.Agent,
        _ => RegistryKind.Workflow,
    };

    private static ImmutableArray<PoolExclusion> Bounded(ImmutableArray<PoolExclusion>.Builder excluded) => excluded.Count <= MaxExcluded
        ? excluded.ToImmutable()
        : [.. excluded.Take(MaxExcluded - 1), new PoolExclusion("…", $"and {excluded.Count - MaxExcluded + 1} more")];
}
