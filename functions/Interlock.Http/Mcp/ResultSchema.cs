using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>The contract of a tool's results where a call may also be answered with a handle: clients check results against it.</summary>
internal static class ResultSchema
{
    private static readonly string[] Definitions = ["$defs", "definitions"];
    private static readonly string[] Anchors = ["$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"];

    /// <summary>Either of the two; null, so no contract, when the schema refers to places in itself that would move.</summary>
    public static JsonValue? OrHandle(JsonValue schema)
    {
        if (!IsMovable(schema)) return null;
        var (inner, whole) = (schema.Without("$schema"), JsonValue.Object(("type", "object")));
        if (schema["$schema"] is { } dialect) whole = whole.With("$schema", dialect);
        foreach (var name in Definitions)
        {
            if (schema[name] is not { } definitions) continue;
            (inner, whole) = (inner.Without(name), whole.With(name, definitions));
        }
        return whole.With("anyOf", JsonValue.Array(inner, CallHandle.Schema));
    }

    /// <summary>Whether all it refers to are its definitions, which stay at the root.</summary>
    private static bool IsMovable(JsonValue schema)
    {
        if (schema.IsArray) return schema.Items.All(IsMovable);
        if (!schema.IsObject) return true;
        if (Anchors.Any(schema.Members.Contains)) return false;
        if (schema["$ref"]?.StringOrNull() is { } target && !Definitions.Any(name => target.StartsWith($"#/{name}/", StringComparison.Ordinal))) return false;
        return schema.Members.All(member => IsMovable(member.Value));
    }
}
