namespace Interlock.Json.Schema;

/// <summary>One JSON document that holds schemas: the compiled one, a remote one or a meta-schema.</summary>
internal sealed class SchemaDocument(JsonValue root, string prefix)
{
    public JsonValue Root { get; } = root;

    /// <summary>Stands before pointers into this document in messages: empty for the compiled schema, else <c>uri#</c>.</summary>
    public string Prefix { get; } = prefix;

    /// <summary>The resources of this document, by the pointer of their root.</summary>
    public Dictionary<string, SchemaResource> Resources { get; } = new(StringComparer.Ordinal);
}

/// <summary>A schema resource: what an <c>$id</c> (or the document itself) names, with the anchors inside it.</summary>
internal sealed class SchemaResource(SchemaDocument document, string uri, string pointer, JsonValue root, Dialect dialect)
{
    public SchemaDocument Document { get; } = document;

    public string Uri { get; } = uri;

    public string Pointer { get; } = pointer;

    public JsonValue Root { get; } = root;

    public Dialect Dialect { get; } = dialect;

    public Dictionary<string, SchemaPlace> Anchors { get; } = new(StringComparer.Ordinal);

    public HashSet<string> DynamicAnchors { get; } = new(StringComparer.Ordinal);

    /// <summary>The compiled schemas of the dynamic anchors; complete before the first validation.</summary>
    public Dictionary<string, SchemaNode> DynamicNodes { get; } = new(StringComparer.Ordinal);

    public SchemaPlace Place => new(this, Pointer, Root);
}

/// <summary>A schema where it stands: the resource whose base URI applies, the pointer in the document, the value.</summary>
internal readonly record struct SchemaPlace(SchemaResource Resource, string Pointer, JsonValue Value)
{
    public string Location => Resource.Document.Prefix + Pointer;

    public SchemaPlace Child(string token) => At(JsonPointer.Append(Pointer, token), Value[token]);

    public SchemaPlace Child(string token, int index) => At(JsonPointer.Append(JsonPointer.Append(Pointer, token), index), Value[token]?[index]);

    public SchemaPlace Child(string token, string name) =>
        At(JsonPointer.Append(JsonPointer.Append(Pointer, token), name), Value[token]?[name]);

    private SchemaPlace At(string pointer, JsonValue? value) => new(
        Resource.Document.Resources.GetValueOrDefault(pointer, Resource),
        pointer,
        value ?? throw new InvalidOperationException($"There is no schema at {pointer}."));
}
