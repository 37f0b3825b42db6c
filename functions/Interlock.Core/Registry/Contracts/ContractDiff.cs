using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Registry.Contracts;

/// <summary>One member of a contract that is another one, with excerpts in which nothing is hidden; absent where there was or is none.</summary>
public sealed record ContractMemberChange(string Pointer, string? From, string? To);

/// <summary>
/// How two contracts of a tool differ, for whoever approves the second: every text and value that changed, and of each schema what the change means for those
/// who call and for those who read results.
/// </summary>
public sealed record ContractDiff(IReadOnlyList<ContractMemberChange> Members, IReadOnlyList<SchemaChange> Input, IReadOnlyList<SchemaChange> Output)
{
    private const int MaxExcerpt = 2000;

    /// <summary>The same tool object with other instructions of its server around it differs at <c>/instructions</c>.</summary>
    internal static ContractDiff Between((JsonValue Tool, string? Instructions) from, (JsonValue Tool, string? Instructions) to)
    {
        var members = JsonDiff.Between(from.Tool, to.Tool).Select(change => new ContractMemberChange(Excerpt.Of(change.Pointer, 1024), Text(change.From), Text(change.To))).ToList();
        if (from.Instructions != to.Instructions)
            members.Add(new("/instructions", from.Instructions is { } was ? VisibleExcerpt.Of(was, MaxExcerpt) : null, to.Instructions is { } now ? VisibleExcerpt.Of(now, MaxExcerpt) : null));
        return new(members, Schemas("inputSchema", from.Tool, to.Tool), Schemas("outputSchema", from.Tool, to.Tool));
    }

    private static IReadOnlyList<SchemaChange> Schemas(string member, JsonValue from, JsonValue to)
    {
        if (from[member] == to[member]) return [];
        try
        {
            return Compatibility.Compare(from[member] ?? JsonValue.True, to[member] ?? JsonValue.True);
        }
        catch (JsonSchemaException e)
        {
            return [new("", true, true, Excerpt.Of($"They can't be compared: {e.Message}", 500))];
        }
    }

    private static string? Text(JsonValue? value) => value is null ? null : VisibleExcerpt.Of(value.StringOrNull() ?? value.ToString(), MaxExcerpt);
}
