using System.Collections.Concurrent;
using System.Collections.Immutable;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Registry;

/// <summary>Whether one version of a tool can stand in for another: it takes every argument that one took, and gives no result that one could not have given.</summary>
internal static class VersionFit
{
    private const int MaxCached = 1024;
    private const int MaxNamed = 5;

    private static readonly ConcurrentDictionary<(string, string), ImmutableArray<string>> Cached = new();

    /// <summary>What keeps <paramref name="next"/> from it, change by change; empty when nothing does.</summary>
    public static ImmutableArray<string> Breaks(RegistryEntry old, RegistryEntry next)
    {
        if (Cached.Count > MaxCached) Cached.Clear();
        return Cached.GetOrAdd((old.Digest, next.Digest), static (_, versions) => Compare(versions.old.As<ToolBody>(), versions.next.As<ToolBody>()), (old, next));
    }

    /// <summary>The changes in one sentence each, as many as can be read at a glance.</summary>
    public static string Describe(ImmutableArray<string> breaks) =>
        string.Join("; ", breaks.Take(MaxNamed)) + (breaks.Length > MaxNamed ? $"; and {breaks.Length - MaxNamed} more" : "");

    private static ImmutableArray<string> Compare(ToolBody old, ToolBody next)
    {
        try
        {
            var callers = Compatibility.Compare(old.InputSchema, next.InputSchema).Where(change => change.BreaksCallers).Select(change => Text("arguments", change));
            return [.. callers, .. Results(old.OutputSchema, next.OutputSchema)];
        }
        catch (JsonSchemaException e)
        {
            return [$"a schema can't be compared: {Excerpt.Of(e.Message, 200)}"];
        }
    }

    private static IEnumerable<string> Results(JsonValue? old, JsonValue? next) => (old, next) switch
    {
        (null, _) => [],
        (_, null) => ["results: they are described no more"],
        var (before, after) => Compatibility.Compare(before, after).Where(change => change.BreaksResults).Select(change => Text("results", change)),
    };

    private static string Text(string of, SchemaChange change) => $"{of} at '{change.Location}': {change.Explanation}";
}
