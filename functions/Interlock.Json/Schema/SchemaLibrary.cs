namespace Interlock.Json.Schema;

/// <summary>
/// The documents a schema may refer to: itself, the given remotes and the meta-schemas. Finds identifiers and anchors
/// where schemas stand (never inside <c>enum</c>, <c>const</c> or unknown keywords) and resolves references to places.
/// </summary>
internal sealed class SchemaLibrary
{
    private static readonly string[] Single =
    [
        "additionalProperties", "items", "contains", "not", "if", "then", "else", "propertyNames", "unevaluatedItems",
        "unevaluatedProperties", "contentSchema", "additionalItems",
    ];
    private static readonly string[] Lists = ["allOf", "anyOf", "oneOf", "prefixItems", "items"];
    private static readonly string[] Maps = ["$defs", "definitions", "properties", "patternProperties", "dependentSchemas", "dependencies"];

    private readonly JsonSchemaOptions _options;
    private readonly Dictionary<string, SchemaResource> _resources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonValue> _remotes = new(StringComparer.Ordinal);

    public SchemaLibrary(JsonValue root, JsonSchemaOptions options)
    {
        _options = options;
        foreach (var (uri, remote) in options.Remotes) _remotes[UriReference.Split(uri).Uri] = remote;
        Root = Load(new SchemaDocument(root, ""), "", Dialect.Draft2020);
    }

    public SchemaResource Root { get; }

    /// <summary>The place a reference names.</summary>
    /// <exception cref="JsonSchemaException">It names none; <paramref name="at"/> is the keyword that holds it.</exception>
    public SchemaPlace Resolve(SchemaResource from, string reference, string at)
    {
        var (uri, fragment) = UriReference.Split(reference);
        var resource = from;
        if (uri.Length > 0)
        {
            var target = UriReference.Resolve(from.Uri, uri);
            resource = Find(target, from.Dialect) ?? throw new JsonSchemaException(
                $"The reference \"{Quote.Shorten(reference)}\" names {Quote.Shorten(target)}, which is neither in this schema nor among the given remotes.", at);
        }
        if (string.IsNullOrEmpty(fragment)) return resource.Place;
        fragment = Uri.UnescapeDataString(fragment);
        var place = fragment[0] == '/' ? Walk(resource, fragment)
            : resource.Anchors.TryGetValue(fragment, out var anchored) ? anchored : (SchemaPlace?)null;
        return place ?? throw new JsonSchemaException($"The reference \"{Quote.Shorten(reference)}\" names nothing in the schema.", at);
    }

    /// <summary>A document that names no dialect is read in the one of the schema that refers to it.</summary>
    private SchemaResource? Find(string uri, Dialect dialect)
    {
        if (_resources.TryGetValue(uri, out var known)) return known;
        if ((_remotes.GetValueOrDefault(uri) ?? MetaSchemas.Find(uri)) is not { } remote) return null;
        return Load(new SchemaDocument(remote, uri + "#"), uri, dialect);
    }

    private static SchemaPlace? Walk(SchemaResource resource, string pointer)
    {
        var place = resource.Place;
        foreach (var token in JsonPointer.Parse(pointer))
        {
            if (JsonPointer.Resolve(place.Value, "/" + JsonPointer.Escape(token)) is not { } next) return null;
            var at = JsonPointer.Append(place.Pointer, token);
            place = new(place.Resource.Document.Resources.GetValueOrDefault(at, place.Resource), at, next);
        }
        return place;
    }

    private SchemaResource Load(SchemaDocument document, string uri, Dialect fallback)
    {
        var dialect = DialectOf(document.Root, document.Prefix) ?? fallback;
        var root = new SchemaResource(document, IdOf(document.Root, dialect, uri, document.Prefix) ?? uri, "", document.Root, dialect);
        document.Resources[""] = root;
        _resources.TryAdd(uri, root);
        if (root.Uri != uri) _resources.TryAdd(root.Uri, root);
        var open = new Stack<(SchemaPlace Place, int Depth)>();
        open.Push((root.Place, 0));
        while (open.TryPop(out var next)) Visit(next.Place, next.Depth, open);
        return root;
    }

    private void Visit(SchemaPlace place, int depth, Stack<(SchemaPlace, int)> open)
    {
        var schema = place.Value;
        if (!schema.IsObject) return;
        if (depth > _options.MaxDepth) throw new JsonSchemaException($"The schema nests deeper than {_options.MaxDepth} levels.", place.Location);
        var resource = place.Pointer.Length == 0 ? place.Resource : Identify(place);
        place = place with { Resource = resource };
        Anchor(place);
        if (resource.Dialect.IsOlder && schema["$ref"] is not null && place.Pointer.Length > 0) return;
        var pointer = place.Pointer;
        foreach (var keyword in Single)
            if (schema[keyword] is { IsObject: true } sub) Push(sub, JsonPointer.Append(pointer, keyword));
        foreach (var keyword in Lists)
            if (schema[keyword] is { IsArray: true } list)
                for (var i = 0; i < list.Count; i++) Push(list.Items[i], JsonPointer.Append(JsonPointer.Append(pointer, keyword), i));
        foreach (var keyword in Maps)
            if (schema[keyword] is { IsObject: true } map)
                foreach (var (name, sub) in map.Members) Push(sub, JsonPointer.Append(JsonPointer.Append(pointer, keyword), name));

        void Push(JsonValue sub, string at) => open.Push((new(resource, at, sub), depth + 1));
    }

    /// <summary>The resource this schema belongs to: a new one when it has an <c>$id</c>, else that of its parent.</summary>
    private SchemaResource Identify(SchemaPlace place)
    {
        var parent = place.Resource;
        var dialect = place.Value["$id"] is null ? parent.Dialect : DialectOf(place.Value, place.Location) ?? parent.Dialect;
        if (IdOf(place.Value, dialect, parent.Uri, place.Location) is not { } uri) return parent;
        var resource = new SchemaResource(parent.Document, uri, place.Pointer, place.Value, dialect);
        if (!_resources.TryAdd(uri, resource) && _resources[uri].Document == parent.Document)
            throw new JsonSchemaException($"The identifier {Quote.Shorten(uri)} stands twice in one document.", place.Location + "/$id");
        parent.Document.Resources[place.Pointer] = resource;
        return resource;
    }

    private static string? IdOf(JsonValue schema, Dialect dialect, string baseUri, string location)
    {
        if (schema["$id"] is not { } id || (dialect.IsOlder && schema["$ref"] is not null)) return null;
        if (id.StringOrNull() is not { } text) throw new JsonSchemaException("\"$id\" must be a string.", location + "/$id");
        var (uri, fragment) = UriReference.Split(text);
        if (!dialect.IsOlder && !string.IsNullOrEmpty(fragment))
            throw new JsonSchemaException("\"$id\" has no fragment since draft 2019-09; use \"$anchor\".", location + "/$id");
        return uri.Length == 0 ? null : UriReference.Resolve(baseUri, uri);
    }

    private static void Anchor(SchemaPlace place)
    {
        var (schema, resource) = (place.Value, place.Resource);
        if (resource.Dialect.IsOlder)
        {
            if (schema["$ref"] is null && schema["$id"]?.StringOrNull() is { } id && UriReference.Split(id).Fragment is { Length: > 0 } fragment)
                Add(fragment, "$id");
            return;
        }
        if (schema["$anchor"] is { } anchor) Add(anchor.StringOrNull(), "$anchor");
        if (resource.Dialect.Draft == Draft.V2019)
        {
            if (schema["$recursiveAnchor"] != JsonValue.True || place.Pointer != resource.Pointer) return;
            resource.Anchors[""] = place;
            resource.DynamicAnchors.Add("");
            return;
        }
        if (schema["$dynamicAnchor"] is { } dynamic && Add(dynamic.StringOrNull(), "$dynamicAnchor") is { } name) resource.DynamicAnchors.Add(name);

        string? Add(string? text, string keyword)
        {
            if (text is not { Length: > 0 } || !(char.IsAsciiLetter(text[0]) || text[0] == '_') ||
                text.AsSpan(1).ContainsAnyExcept(AnchorCharacters))
            {
                throw new JsonSchemaException($"\"{keyword}\" must be a name of letters, digits, '-', '_' and '.'.", $"{place.Location}/{keyword}");
            }
            if (!resource.Anchors.TryAdd(text, place) && resource.Anchors[text].Pointer != place.Pointer)
                throw new JsonSchemaException($"The anchor \"{Quote.Shorten(text)}\" stands twice in one schema resource.", $"{place.Location}/{keyword}");
            return text;
        }
    }

    private static readonly System.Buffers.SearchValues<char> AnchorCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

    private Dialect? DialectOf(JsonValue schema, string location)
    {
        if (schema["$schema"] is not { } named) return null;
        if (named.StringOrNull() is not { } uri) throw new JsonSchemaException("\"$schema\" must be a string.", location + "/$schema");
        if (Dialect.Known(uri) is { } known) return known;
        var meta = _remotes.GetValueOrDefault(UriReference.Split(uri).Uri) ?? throw new JsonSchemaException(
            $"The dialect \"{Quote.Shorten(uri)}\" is not supported; use draft 2020-12, 2019-09, -07 or -06, or give its meta-schema as a remote.", location + "/$schema");
        var parent = Dialect.Known(meta["$schema"]?.StringOrNull() ?? "") ?? Dialect.Draft2020;
        if (parent.IsOlder || meta["$vocabulary"] is not { IsObject: true } vocabulary) return parent;
        var dialect = parent.WithVocabulary(vocabulary, out var unsupported);
        return unsupported is null ? dialect : throw new JsonSchemaException(
            $"The vocabulary \"{Quote.Shorten(unsupported)}\" is required by the meta-schema and not supported.", location + "/$schema");
    }
}
