using System.Collections.Frozen;

namespace Interlock.Json.Schema;

/// <summary>The meta-schemas of the drafts that are read, so that schemas can refer to them without fetching anything.</summary>
internal static class MetaSchemas
{
    private const string Base = "https://json-schema.org/draft/2020-12/";

    private static readonly Lazy<FrozenDictionary<string, JsonValue>> All = new(() =>
    {
        var all = Latest();
        foreach (var (uri, schema) in EarlierMetaSchemas.Draft2019(name => all[Base + name]).ToList()) all.Add(uri, schema);
        all.Add("http://json-schema.org/draft-06/schema", EarlierMetaSchemas.Draft6(all["http://json-schema.org/draft-07/schema"]));
        return all.ToFrozenDictionary(StringComparer.Ordinal);
    });

    public static JsonValue? Find(string uri) => All.Value.GetValueOrDefault(uri);

    private static Dictionary<string, JsonValue> Latest() => new()
    {
        [Base + "schema"] = StrictJson.Parse("""
            {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://json-schema.org/draft/2020-12/schema",
             "$vocabulary":{"https://json-schema.org/draft/2020-12/vocab/core":true,"https://json-schema.org/draft/2020-12/vocab/applicator":true,
              "https://json-schema.org/draft/2020-12/vocab/unevaluated":true,"https://json-schema.org/draft/2020-12/vocab/validation":true,
              "https://json-schema.org/draft/2020-12/vocab/meta-data":true,"https://json-schema.org/draft/2020-12/vocab/format-annotation":true,
              "https://json-schema.org/draft/2020-12/vocab/content":true},
             "$dynamicAnchor":"meta",
             "allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/unevaluated"},{"$ref":"meta/validation"},
              {"$ref":"meta/meta-data"},{"$ref":"meta/format-annotation"},{"$ref":"meta/content"}],
             "type":["object","boolean"],
             "properties":{"definitions":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"},"default":{}},
              "dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$dynamicRef":"#meta"},{"$ref":"meta/validation#/$defs/stringArray"}]},"default":{}},
              "$recursiveAnchor":{"$ref":"meta/core#/$defs/anchorString"},"$recursiveRef":{"$ref":"meta/core#/$defs/uriReferenceString"}}}
            """),
        [Base + "meta/core"] = Vocabulary("core", """
            {"$id":{"$ref":"#/$defs/uriReferenceString","pattern":"^[^#]*#?$"},"$schema":{"$ref":"#/$defs/uriString"},
             "$ref":{"$ref":"#/$defs/uriReferenceString"},"$anchor":{"$ref":"#/$defs/anchorString"},
             "$dynamicRef":{"$ref":"#/$defs/uriReferenceString"},"$dynamicAnchor":{"$ref":"#/$defs/anchorString"},
             "$vocabulary":{"type":"object","propertyNames":{"$ref":"#/$defs/uriString"},"additionalProperties":{"type":"boolean"}},
             "$comment":{"type":"string"},"$defs":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}}}
            """, """
            {"anchorString":{"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"},"uriString":{"type":"string","format":"uri"},
             "uriReferenceString":{"type":"string","format":"uri-reference"}}
            """),
        [Base + "meta/applicator"] = Vocabulary("applicator", """
            {"prefixItems":{"$ref":"#/$defs/schemaArray"},"items":{"$dynamicRef":"#meta"},"contains":{"$dynamicRef":"#meta"},
             "additionalProperties":{"$dynamicRef":"#meta"},
             "properties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"},"default":{}},
             "patternProperties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"},"propertyNames":{"format":"regex"},"default":{}},
             "dependentSchemas":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"},"default":{}},
             "propertyNames":{"$dynamicRef":"#meta"},"if":{"$dynamicRef":"#meta"},"then":{"$dynamicRef":"#meta"},"else":{"$dynamicRef":"#meta"},
             "allOf":{"$ref":"#/$defs/schemaArray"},"anyOf":{"$ref":"#/$defs/schemaArray"},"oneOf":{"$ref":"#/$defs/schemaArray"},
             "not":{"$dynamicRef":"#meta"}}
            """, """{"schemaArray":{"type":"array","minItems":1,"items":{"$dynamicRef":"#meta"}}}"""),
        [Base + "meta/unevaluated"] = Vocabulary("unevaluated", """
            {"unevaluatedItems":{"$dynamicRef":"#meta"},"unevaluatedProperties":{"$dynamicRef":"#meta"}}
            """, null),
        [Base + "meta/validation"] = Vocabulary("validation", """
            {"type":{"anyOf":[{"$ref":"#/$defs/simpleTypes"},{"type":"array","items":{"$ref":"#/$defs/simpleTypes"},"minItems":1,"uniqueItems":true}]},
             "const":true,"enum":{"type":"array","items":true},"multipleOf":{"type":"number","exclusiveMinimum":0},
             "maximum":{"type":"number"},"exclusiveMaximum":{"type":"number"},"minimum":{"type":"number"},"exclusiveMinimum":{"type":"number"},
             "maxLength":{"$ref":"#/$defs/nonNegativeInteger"},"minLength":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},
             "pattern":{"type":"string","format":"regex"},"maxItems":{"$ref":"#/$defs/nonNegativeInteger"},
             "minItems":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},"uniqueItems":{"type":"boolean","default":false},
             "maxContains":{"$ref":"#/$defs/nonNegativeInteger"},"minContains":{"$ref":"#/$defs/nonNegativeInteger","default":1},
             "maxProperties":{"$ref":"#/$defs/nonNegativeInteger"},"minProperties":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},
             "required":{"$ref":"#/$defs/stringArray"},"dependentRequired":{"type":"object","additionalProperties":{"$ref":"#/$defs/stringArray"}}}
            """, """
            {"nonNegativeInteger":{"type":"integer","minimum":0},"nonNegativeIntegerDefault0":{"$ref":"#/$defs/nonNegativeInteger","default":0},
             "simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
             "stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true,"default":[]}}
            """),
        [Base + "meta/meta-data"] = Vocabulary("meta-data", """
            {"title":{"type":"string"},"description":{"type":"string"},"default":true,"deprecated":{"type":"boolean","default":false},
             "readOnly":{"type":"boolean","default":false},"writeOnly":{"type":"boolean","default":false},"examples":{"type":"array","items":true}}
            """, null),
        [Base + "meta/format-annotation"] = Vocabulary("format-annotation", """{"format":{"type":"string"}}""", null),
        [Base + "meta/format-assertion"] = Vocabulary("format-assertion", """{"format":{"type":"string"}}""", null),
        [Base + "meta/content"] = Vocabulary("content", """
            {"contentEncoding":{"type":"string"},"contentMediaType":{"type":"string"},"contentSchema":{"$dynamicRef":"#meta"}}
            """, null),
        ["http://json-schema.org/draft-07/schema"] = StrictJson.Parse("""
            {"$schema":"http://json-schema.org/draft-07/schema#","$id":"http://json-schema.org/draft-07/schema#",
             "definitions":{"schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},"nonNegativeInteger":{"type":"integer","minimum":0},
              "nonNegativeIntegerDefault0":{"allOf":[{"$ref":"#/definitions/nonNegativeInteger"},{"default":0}]},
              "simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
              "stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true,"default":[]}},
             "type":["object","boolean"],
             "properties":{"$id":{"type":"string","format":"uri-reference"},"$schema":{"type":"string","format":"uri"},
              "$ref":{"type":"string","format":"uri-reference"},"$comment":{"type":"string"},"title":{"type":"string"},
              "description":{"type":"string"},"default":true,"readOnly":{"type":"boolean","default":false},
              "writeOnly":{"type":"boolean","default":false},"examples":{"type":"array","items":true},
              "multipleOf":{"type":"number","exclusiveMinimum":0},"maximum":{"type":"number"},"exclusiveMaximum":{"type":"number"},
              "minimum":{"type":"number"},"exclusiveMinimum":{"type":"number"},"maxLength":{"$ref":"#/definitions/nonNegativeInteger"},
              "minLength":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},"pattern":{"type":"string","format":"regex"},
              "additionalItems":{"$ref":"#"},"items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}],"default":true},
              "maxItems":{"$ref":"#/definitions/nonNegativeInteger"},"minItems":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},
              "uniqueItems":{"type":"boolean","default":false},"contains":{"$ref":"#"},"maxProperties":{"$ref":"#/definitions/nonNegativeInteger"},
              "minProperties":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},"required":{"$ref":"#/definitions/stringArray"},
              "additionalProperties":{"$ref":"#"},"definitions":{"type":"object","additionalProperties":{"$ref":"#"},"default":{}},
              "properties":{"type":"object","additionalProperties":{"$ref":"#"},"default":{}},
              "patternProperties":{"type":"object","additionalProperties":{"$ref":"#"},"propertyNames":{"format":"regex"},"default":{}},
              "dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/stringArray"}]}},
              "propertyNames":{"$ref":"#"},"const":true,"enum":{"type":"array","items":true},
              "type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array","items":{"$ref":"#/definitions/simpleTypes"},"minItems":1,"uniqueItems":true}]},
              "format":{"type":"string"},"contentMediaType":{"type":"string"},"contentEncoding":{"type":"string"},
              "if":{"$ref":"#"},"then":{"$ref":"#"},"else":{"$ref":"#"},"allOf":{"$ref":"#/definitions/schemaArray"},
              "anyOf":{"$ref":"#/definitions/schemaArray"},"oneOf":{"$ref":"#/definitions/schemaArray"},"not":{"$ref":"#"}},
             "default":true}
            """),
    };

    private static JsonValue Vocabulary(string name, string properties, string? definitions)
    {
        var schema = JsonValue.Object(
            ("$schema", Base + "schema"),
            ("$id", Base + "meta/" + name),
            ("$dynamicAnchor", "meta"),
            ("type", JsonValue.Array("object", "boolean")),
            ("properties", StrictJson.Parse(properties)));
        return definitions is null ? schema : schema.With("$defs", StrictJson.Parse(definitions));
    }
}
