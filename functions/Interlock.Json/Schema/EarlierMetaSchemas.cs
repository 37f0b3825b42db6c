namespace Interlock.Json.Schema;

/// <summary>The meta-schemas of draft 2019-09 and draft-06, as what sets them apart from those of draft 2020-12 and draft-07.</summary>
internal static class EarlierMetaSchemas
{
    private const string Early = "https://json-schema.org/draft/2019-09/";

    /// <summary>Those of draft 2019-09, by their URIs; <paramref name="late"/> finds one of draft 2020-12 by the end of its URI.</summary>
    public static IEnumerable<KeyValuePair<string, JsonValue>> Draft2019(Func<string, JsonValue> late)
    {
        yield return new(Early + "schema", StrictJson.Parse("""
            {"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"https://json-schema.org/draft/2019-09/schema",
             "$vocabulary":{"https://json-schema.org/draft/2019-09/vocab/core":true,"https://json-schema.org/draft/2019-09/vocab/applicator":true,
              "https://json-schema.org/draft/2019-09/vocab/validation":true,"https://json-schema.org/draft/2019-09/vocab/meta-data":true,
              "https://json-schema.org/draft/2019-09/vocab/format":false,"https://json-schema.org/draft/2019-09/vocab/content":true},
             "$recursiveAnchor":true,
             "allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/validation"},{"$ref":"meta/meta-data"},{"$ref":"meta/format"},
              {"$ref":"meta/content"}],
             "type":["object","boolean"],
             "properties":{"definitions":{"type":"object","additionalProperties":{"$recursiveRef":"#"},"default":{}},
              "dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$recursiveRef":"#"},{"$ref":"meta/validation#/$defs/stringArray"}]}}}}
            """));
        yield return Meta("core", Members(late("meta/core"), ["$dynamicRef", "$dynamicAnchor"], """
            {"$anchor":{"type":"string","pattern":"^[A-Za-z][-A-Za-z0-9.:_]*$"},"$recursiveRef":{"$ref":"#/$defs/uriReferenceString"},
             "$recursiveAnchor":{"type":"boolean","default":false}}
            """));
        yield return Meta("applicator", Members(late("meta/applicator"), ["prefixItems"], """
            {"items":{"anyOf":[{"$recursiveRef":"#"},{"$ref":"#/$defs/schemaArray"}]},"additionalItems":{"$recursiveRef":"#"},
             "unevaluatedItems":{"$recursiveRef":"#"},"unevaluatedProperties":{"$recursiveRef":"#"}}
            """));
        yield return Meta("validation", late("meta/validation"));
        yield return Meta("meta-data", late("meta/meta-data"));
        yield return Meta("format", late("meta/format-annotation"));
        yield return Meta("content", late("meta/content"));
    }

    public static JsonValue Draft6(JsonValue draft7)
    {
        const string uri = "http://json-schema.org/draft-06/schema#";
        string[] later = ["if", "then", "else", "$comment", "readOnly", "writeOnly", "contentMediaType", "contentEncoding"];
        return Members(draft7, later, "{}").With("$schema", uri).With("$id", uri);
    }

    private static KeyValuePair<string, JsonValue> Meta(string name, JsonValue late) =>
        new(Early + "meta/" + name, Recursive(late).With("$schema", Early + "schema").With("$id", Early + "meta/" + name));

    private static JsonValue Members(JsonValue schema, string[] gone, string added)
    {
        var properties = gone.Aggregate(schema["properties"] ?? JsonValue.EmptyObject, (all, name) => all.Without(name));
        foreach (var (name, member) in StrictJson.Parse(added).Members) properties = properties.With(name, member);
        return schema.With("properties", properties);
    }

    /// <summary>The schema with draft 2019-09's way to let a meta-schema be extended.</summary>
    private static JsonValue Recursive(JsonValue schema) => schema switch
    {
        { IsArray: true } => JsonValue.Array(schema.Items.Select(Recursive)),
        { IsObject: true } => JsonValue.Object(schema.Members.Select(member => member switch
        {
            { Key: "$dynamicRef", Value.IsString: true } => KeyValuePair.Create("$recursiveRef", JsonValue.From("#")),
            { Key: "$dynamicAnchor", Value.IsString: true } => KeyValuePair.Create("$recursiveAnchor", JsonValue.True),
            _ => KeyValuePair.Create(member.Key, Recursive(member.Value)),
        })),
        _ => schema,
    };
}
