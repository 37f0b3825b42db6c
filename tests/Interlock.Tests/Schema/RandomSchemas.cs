using Interlock.Json;

namespace Interlock.Tests.Schema;

/// <summary>Small random schemas over few names and values, so that two of them, and an instance, often have to do with each other.</summary>
internal sealed class RandomSchemas(int seed)
{
    private const int Deepest = 3;

    private static readonly string[] Scalars = ["null", "true", "false", "0", "1", "2", "3", "-1", "1.5", "6", "\"\"", "\"a\"", "\"ab\"", "\"b\"", "\"abc\""];
    private static readonly string[] Names = ["a", "b", "c", "ab"];
    private static readonly string[] Patterns = ["^a", "b$", "^.$"];

    private readonly Random _random = new(seed);

    /// <summary>A schema and a later version of it, which is sometimes another one altogether.</summary>
    public (JsonValue Before, JsonValue After) Pair()
    {
        var older = Chance(20);
        var before = Root(older);
        var after = Chance(10) ? Root(older) : Changed(before, older);
        if (Chance(30)) after = Changed(after, older);
        return (before, after);
    }

    public JsonValue Instance(int depth = 0) => _random.Next(depth < 2 ? 4 : 2) switch
    {
        0 or 1 => Scalar(),
        2 => JsonValue.Array(Enumerable.Range(0, _random.Next(4)).Select(_ => Instance(depth + 1)).ToArray()),
        _ => JsonValue.Object(Names.Where(_ => Chance(50)).Select(name => KeyValuePair.Create(name, Instance(depth + 1)))),
    };

    private JsonValue Root(bool older)
    {
        var schema = Schema(0, older);
        if (!schema.IsObject) schema = JsonValue.Object(("anyOf", JsonValue.Array(schema)));
        schema = schema.With("$defs", JsonValue.Object(("x", Schema(1, older)), ("y", Schema(2, older))));
        return older ? schema.With("$schema", "http://json-schema.org/draft-07/schema#") : schema;
    }

    private JsonValue Schema(int depth, bool older)
    {
        if (depth >= Deepest || Chance(8)) return Chance(25) ? JsonValue.False : Chance(30) ? JsonValue.True : JsonValue.Object(("type", Type()));
        var schema = JsonValue.EmptyObject;
        for (var n = 1 + _random.Next(3); n > 0; n--) schema = WithKeyword(schema, depth, older);
        return schema;
    }

    /// <summary>The schema with a keyword more, less or other, here or further in.</summary>
    private JsonValue Changed(JsonValue schema, bool older, int depth = 0)
    {
        if (!schema.IsObject || schema.Count == 0) return Schema(depth, older);
        var (keyword, value) = schema.Members[_random.Next(schema.Count)];
        if (keyword == "$schema") return schema;
        var inner = value switch
        {
            { IsObject: true, Count: > 0 } when keyword is "$defs" or "properties" or "patternProperties" or "dependentSchemas" =>
                value.Members[_random.Next(value.Count)] is var (name, member) ? value.With(name, Changed(member, older, depth + 1)) : null,
            { IsArray: true, Count: > 0 } when keyword is "allOf" or "anyOf" or "oneOf" or "prefixItems" =>
                _random.Next(value.Count) is var i ? value.WithItem(i, Changed(value.Items[i], older, depth + 1)) : null,
            { IsObject: true } when keyword is not ("enum" or "const" or "dependentRequired" or "dependencies" or "$defs" or "properties" or "patternProperties" or "dependentSchemas") => Changed(value, older, depth + 1),
            _ => null,
        };
        if (inner is not null && Chance(75)) return schema.With(keyword, inner);
        return _random.Next(3) switch
        {
            0 when keyword is not "$defs" => schema.Without(keyword),
            1 when keyword is not "$defs" => WithKeyword(schema.Without(keyword), depth, older),
            _ => WithKeyword(schema, depth, older),
        };
    }

    private JsonValue WithKeyword(JsonValue schema, int depth, bool older)
    {
        JsonValue Sub() => Schema(depth + 1, older);
        JsonValue Subs() => JsonValue.Array(Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => Sub()).ToArray());
        JsonValue Map(string[] names) => JsonValue.Object(names.Where(_ => Chance(50)).Select(name => KeyValuePair.Create(name, Sub())));
        JsonValue Few() => _random.Next(4);
        return _random.Next(older ? 27 : 33) switch
        {
            0 => schema.With("type", Type()),
            1 => schema.With("type", JsonValue.Array(Type(), Type())),
            2 => schema.With("const", Scalar()),
            3 => schema.With("enum", JsonValue.Array(Scalar(), Scalar(), Scalar())),
            4 => schema.With("minimum", Few()),
            5 => schema.With("maximum", Few()),
            6 => schema.With("exclusiveMinimum", Few()),
            7 => schema.With("exclusiveMaximum", Few()),
            8 => schema.With("multipleOf", (double[])[1, 2, 3, 0.5] is var factors ? factors[_random.Next(4)] : 1),
            9 => schema.With("minLength", Few()).With("maxLength", Few()),
            10 => schema.With("pattern", Patterns[_random.Next(Patterns.Length)]),
            11 => schema.With(Chance(50) ? "minItems" : "maxItems", Few()),
            12 => schema.With("uniqueItems", Chance(70)),
            13 => schema.With(Chance(50) ? "minProperties" : "maxProperties", Few()),
            14 => schema.With("required", NameList()),
            15 or 16 => schema.With("properties", Map(Names)),
            17 => schema.With("patternProperties", Map(Patterns)),
            18 => schema.With("additionalProperties", Sub()),
            19 => schema.With("propertyNames", Sub()),
            20 => schema.With("allOf", Subs()),
            21 => schema.With("anyOf", Subs()),
            22 => schema.With("oneOf", Subs()),
            23 => schema.With("not", Sub()),
            24 => schema.With("if", Sub()).With("then", Sub()).With("else", Sub()),
            25 => schema.With("contains", Sub()),
            26 when older => Chance(50) ? schema.With("items", Subs()).With("additionalItems", Sub()) : schema.With("dependencies", JsonValue.Object(("a", Chance(50) ? Sub() : NameList()))),
            26 => schema.With("items", Sub()),
            27 => schema.With("prefixItems", Subs()),
            28 => schema.With("contains", Sub()).With("minContains", Few()).With("maxContains", Few()),
            29 => schema.With("dependentRequired", JsonValue.Object(("a", NameList()))),
            30 => schema.With("dependentSchemas", Map(Names)),
            31 => schema.With(Chance(50) ? "unevaluatedItems" : "unevaluatedProperties", Sub()),
            _ => schema.With("$ref", Chance(50) ? "#/$defs/x" : "#/$defs/y"),
        };
    }

    private JsonValue NameList() => JsonValue.Array(Names.Where(_ => Chance(40)).Select(JsonValue.From).ToArray());

    private JsonValue Scalar() => StrictJson.Parse(Scalars[_random.Next(Scalars.Length)]);

    private JsonValue Type() => (string[])["null", "boolean", "integer", "number", "string", "array", "object"] is var types ? types[_random.Next(types.Length)] : "";

    private bool Chance(int percent) => _random.Next(100) < percent;
}
