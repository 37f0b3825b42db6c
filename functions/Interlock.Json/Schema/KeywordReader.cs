namespace Interlock.Json.Schema;

/// <summary>Reads the keywords of one schema into rules, cheap and telling ones first, <c>unevaluated*</c> last.</summary>
internal sealed class KeywordReader
{
    private readonly SchemaNode _node;
    private readonly SchemaCompiler _compiler;
    private readonly SchemaPlace _place;
    private readonly JsonValue _schema;
    private readonly Dialect _dialect;
    private readonly List<Rule> _rules = [];

    private KeywordReader(SchemaNode node, SchemaCompiler compiler)
    {
        (_node, _compiler, _place, _schema, _dialect) = (node, compiler, node.Place, node.Place.Value, node.Resource.Dialect);
    }

    public static void Read(SchemaNode node, SchemaCompiler compiler)
    {
        var reader = new KeywordReader(node, compiler);
        if (reader._dialect.IsOlder && reader._schema["$ref"] is not null) reader.Reference();
        else reader.All();
        node.Rules = [.. reader._rules];
    }

    private void All()
    {
        if (_dialect.Has(Vocabularies.Validation)) Values();
        if (_dialect.Has(Vocabularies.Format)) Format();
        if (_dialect.Has(Vocabularies.Validation)) Required();
        Reference();
        if (_dialect.Has(Vocabularies.Applicator)) Applicators();
        if (_dialect.Has(Vocabularies.Unevaluated)) Unevaluated();
    }

    private void Values()
    {
        if (_schema["type"] is { } type) _rules.Add(new TypeRule(_place, Types(type)));
        if (_schema["const"] is { } constant) _rules.Add(new ConstRule(_place, constant));
        if (_schema["enum"] is { } list) _rules.Add(new EnumRule(_place, list.IsArray ? [.. list.Items] : throw Bad("enum", "must be an array", list)));
        foreach (var (keyword, bound) in ((string, Bound)[])
            [("minimum", Bound.Minimum), ("maximum", Bound.Maximum), ("exclusiveMinimum", Bound.ExclusiveMinimum), ("exclusiveMaximum", Bound.ExclusiveMaximum)])
        {
            if (_schema[keyword] is { } limit) _rules.Add(new BoundRule(_place, keyword, bound, limit.IsNumber ? limit : throw Bad(keyword, "must be a number", limit)));
        }
        if (_schema["multipleOf"] is { } divisor)
            _rules.Add(new MultipleOfRule(_place, divisor.IsNumber && divisor.AsNumber() > 0 ? divisor : throw Bad("multipleOf", "must be a number above 0", divisor)));
        foreach (var (keyword, kind, most) in ((string, JsonKind, bool)[])
            [("minLength", JsonKind.String, false), ("maxLength", JsonKind.String, true), ("minItems", JsonKind.Array, false),
             ("maxItems", JsonKind.Array, true), ("minProperties", JsonKind.Object, false), ("maxProperties", JsonKind.Object, true)])
        {
            if (Size(keyword) is { } size) _rules.Add(new SizeRule(_place, keyword, kind, most, size));
        }
        if (_schema["pattern"] is { } pattern) _rules.Add(new PatternRule(_place, _compiler.Pattern(Text("pattern", pattern), At("pattern"))));
        if (_schema["uniqueItems"] is { } unique && (unique.IsBoolean ? unique.AsBoolean() : throw Bad("uniqueItems", "must be a boolean", unique)))
            _rules.Add(new UniqueItemsRule(_place));
    }

    private void Format()
    {
        if (_schema["format"] is not { } value) return;
        var format = Text("format", value);
        if ((_compiler.Options.AssertFormats || _dialect.Has(Vocabularies.FormatAssertion)) && StringFormat.Find(format, _dialect) is { } test)
            _rules.Add(new FormatRule(_place, format, test));
    }

    private void Required()
    {
        if (_schema["required"] is { } required && Names("required", required, At("required")) is { Length: > 0 } names) _rules.Add(new RequiredRule(_place, names));
        if (_dialect.IsOlder || _schema["dependentRequired"] is not { } dependent) return;
        var all = Map("dependentRequired", dependent).Select(member => (member.Key, Names("dependentRequired", member.Value, At("dependentRequired")))).ToArray();
        _rules.Add(new DependentRequiredRule(_place, "dependentRequired", all));
    }

    private void Reference()
    {
        if (_schema["$ref"] is { } reference)
            _rules.Add(new ReferenceRule(_place, "$ref", _compiler.Node(_compiler.Library.Resolve(_place.Resource, Text("$ref", reference), At("$ref")))));
        if (_dialect.Draft == Draft.V2019 && _schema["$recursiveRef"] is { } recursive) Dynamic("$recursiveRef", recursive);
        if (_dialect.Draft == Draft.V2020 && _schema["$dynamicRef"] is { } dynamic) Dynamic("$dynamicRef", dynamic);
    }

    private void Dynamic(string keyword, JsonValue reference)
    {
        var text = Text(keyword, reference);
        var target = _compiler.Library.Resolve(_place.Resource, text, At(keyword));
        var first = _compiler.Node(target);
        var anchor = Uri.UnescapeDataString(UriReference.Split(text).Fragment ?? "");
        if (!target.Resource.DynamicAnchors.Contains(anchor))
        {
            _rules.Add(new ReferenceRule(_place, keyword, first));
            return;
        }
        _compiler.IsDynamic = true;
        _rules.Add(new DynamicReferenceRule(_place, keyword, anchor, first));
    }

    private void Applicators()
    {
        Members();
        Items();
        if (_schema["contains"] is not null)
        {
            var counted = !_dialect.IsOlder && _dialect.Has(Vocabularies.Validation);
            _rules.Add(new ContainsRule(
                _place, Sub("contains"), (counted ? Size("minContains") : null) ?? 1, counted ? Size("maxContains") : null, !_dialect.HasTuples));
        }
        if (_schema["propertyNames"] is not null) _rules.Add(new PropertyNamesRule(_place, Sub("propertyNames")));
        if (_schema["allOf"] is not null) _rules.Add(new AllOfRule(_place, List("allOf", atLeastOne: true)));
        if (_schema["anyOf"] is not null) _rules.Add(new ChoiceRule(_place, "anyOf", List("anyOf", atLeastOne: true), exactlyOne: false));
        if (_schema["oneOf"] is not null) _rules.Add(new ChoiceRule(_place, "oneOf", List("oneOf", atLeastOne: true), exactlyOne: true));
        if (_schema["not"] is not null) _rules.Add(new NotRule(_place, Sub("not")));
        if (_dialect.Draft > Draft.V6 && _schema["if"] is not null)
            _rules.Add(new ConditionRule(_place, Sub("if"), _schema["then"] is null ? null : Sub("then"), _schema["else"] is null ? null : Sub("else")));
        if (!_dialect.IsOlder && _schema["dependentSchemas"] is { } dependent)
            _rules.Add(new DependentSchemasRule(_place, "dependentSchemas", [.. Map("dependentSchemas", dependent).Select(m => (m.Key, _compiler.Node(_place.Child("dependentSchemas", m.Key))))]));
        Dependencies();
    }

    private void Members()
    {
        if (_schema["properties"] is null && _schema["patternProperties"] is null && _schema["additionalProperties"] is null) return;
        var properties = new Dictionary<string, SchemaNode>(StringComparer.Ordinal);
        foreach (var (name, _) in Map("properties", _schema["properties"])) properties[name] = _compiler.Node(_place.Child("properties", name));
        var patterns = Map("patternProperties", _schema["patternProperties"])
            .Select(m => (_compiler.Pattern(m.Key, JsonPointer.Append(At("patternProperties"), m.Key)), _compiler.Node(_place.Child("patternProperties", m.Key))));
        var additional = _schema["additionalProperties"] is null ? null : Sub("additionalProperties");
        _rules.Add(new MembersRule(_place, properties, [.. patterns], additional));
    }

    private void Items()
    {
        var (first, rest) = _dialect.HasTuples ? ("items", "additionalItems") : ("prefixItems", "items");
        if (_dialect.HasTuples && _schema["items"] is { IsArray: false }) (first, rest) = ("", "items");
        var prefix = first.Length > 0 && _schema[first] is not null ? List(first, atLeastOne: !_dialect.HasTuples) : [];
        if (_dialect.HasTuples && _schema["items"] is null) return; // additionalItems means nothing alone
        var more = _schema[rest] is null ? null : Sub(rest);
        if (prefix.Length > 0 || more is not null) _rules.Add(new ItemsRule(_place, more is null ? first : rest, prefix, more));
    }

    /// <summary>Draft-07's <c>dependencies</c>, which later drafts keep for compatibility.</summary>
    private void Dependencies()
    {
        if (_schema["dependencies"] is not { } value) return;
        var members = Map("dependencies", value);
        var names = members.Where(m => m.Value.IsArray).Select(m => (m.Key, Names("dependencies", m.Value, At("dependencies")))).ToArray();
        var schemas = members.Where(m => !m.Value.IsArray).Select(m => (m.Key, _compiler.Node(_place.Child("dependencies", m.Key)))).ToArray();
        if (names.Length > 0) _rules.Add(new DependentRequiredRule(_place, "dependencies", names));
        if (schemas.Length > 0) _rules.Add(new DependentSchemasRule(_place, "dependencies", schemas));
    }

    private void Unevaluated()
    {
        if (_schema["unevaluatedItems"] is not null) _rules.Add(new UnevaluatedItemsRule(_place, Sub("unevaluatedItems")));
        if (_schema["unevaluatedProperties"] is not null) _rules.Add(new UnevaluatedPropertiesRule(_place, _node, Sub("unevaluatedProperties")));
        _node.TracksEvaluated = _schema["unevaluatedItems"] is not null || _schema["unevaluatedProperties"] is not null;
    }

    private SchemaNode Sub(string keyword) => _compiler.Node(_place.Child(keyword));

    private SchemaNode[] List(string keyword, bool atLeastOne)
    {
        if (_schema[keyword] is not { IsArray: true } list || (atLeastOne && list.Count == 0))
            throw Bad(keyword, "must be a non-empty array of schemas", _schema[keyword] ?? JsonValue.Null);
        return [.. Enumerable.Range(0, list.Count).Select(i => _compiler.Node(_place.Child(keyword, i)))];
    }

    private JsonMembers Map(string keyword, JsonValue? value) =>
        value is null ? JsonValue.EmptyObject.Members : value.IsObject ? value.Members : throw Bad(keyword, "must be an object", value);

    private static string[] Names(string keyword, JsonValue value, string at)
    {
        if (!value.IsArray || value.Items.Any(name => !name.IsString))
            throw new JsonSchemaException($"\"{keyword}\" must list property names as strings, found {Quote.Value(value)}.", at);
        return [.. value.Items.Select(name => name.AsString()).Distinct(StringComparer.Ordinal)];
    }

    private double? Size(string keyword)
    {
        if (_schema[keyword] is not { } value) return null;
        if (!value.IsNumber || value.AsNumber() < 0 || Math.Floor(value.AsNumber()) != value.AsNumber())
            throw Bad(keyword, "must be a whole number, 0 or more", value);
        return value.AsNumber();
    }

    private SchemaTypes Types(JsonValue type)
    {
        var types = SchemaTypes.None;
        foreach (var name in type.IsArray ? type.Items : (IEnumerable<JsonValue>)[type])
        {
            types |= TypeRule.Parse(name.StringOrNull()) ?? throw new JsonSchemaException(
                $"\"type\" must name null, boolean, object, array, number, integer or string, found {Quote.Value(name)}.", At("type"));
        }
        return types;
    }

    private string Text(string keyword, JsonValue value) => value.StringOrNull() ?? throw Bad(keyword, "must be a string", value);

    private JsonSchemaException Bad(string keyword, string what, JsonValue found) => new($"\"{keyword}\" {what}, found {Quote.Value(found)}.", At(keyword));

    private string At(string keyword) => $"{_place.Location}/{keyword}";
}
