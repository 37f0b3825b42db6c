namespace Interlock.Json.Schema;

/// <summary>
/// Fills in the <c>default</c> of each absent member that <c>properties</c> declares, going into members, into filled-in
/// defaults, and through references within the document and <c>allOf</c>; never into <c>anyOf</c>, <c>oneOf</c>, <c>if</c>
/// or items, where a default would depend on validation. Where several defaults apply the nearest stands: that beside a
/// reference before that behind it. The result is not validated.
/// </summary>
public static class SchemaDefaults
{
    private const int MostNesting = 256;
    private const int MostFilled = 10_000;

    public static JsonValue Apply(JsonSchema schema, JsonValue instance) =>
        new Filler(schema.Library).Fill(schema.Library.Root.Place, instance, 0);

    /// <exception cref="JsonSchemaException">The schema's identifiers are malformed, a local reference names nothing, or the defaults multiply past 10 000 members.</exception>
    public static JsonValue Apply(JsonValue schema, JsonValue instance)
    {
        var library = new SchemaLibrary(schema, new JsonSchemaOptions());
        return new Filler(library).Fill(library.Root.Place, instance, 0);
    }

    private sealed class Filler(SchemaLibrary library)
    {
        /// <summary>Places whose default is being filled in, so that a default that calls for itself ends.</summary>
        private readonly HashSet<(SchemaDocument, string)> _filling = [];

        private int _filled;

        public JsonValue Fill(SchemaPlace place, JsonValue instance, int depth)
        {
            if (!instance.IsObject || depth > MostNesting) return instance;
            foreach (var schema in Applying(place))
            {
                if (schema.Value["properties"] is not { IsObject: true } properties) continue;
                foreach (var (name, _) in properties.Members) instance = Member(schema.Child("properties", name), name, instance, depth);
            }
            return instance;
        }

        private JsonValue Member(SchemaPlace place, string name, JsonValue instance, int depth)
        {
            if (instance[name] is { } present)
            {
                var filled = Fill(place, present, depth + 1);
                return ReferenceEquals(filled, present) ? instance : instance.With(name, filled);
            }
            if (Applying(place).Select(schema => schema.Value["default"]).FirstOrDefault(value => value is not null) is not { } standing) return instance;
            if (++_filled > MostFilled)
                throw new JsonSchemaException($"The defaults add more than {MostFilled} members; they multiply through references.", place.Location);
            var key = (place.Resource.Document, place.Pointer);
            if (!_filling.Add(key)) return instance.With(name, standing);
            var whole = Fill(place, standing, depth + 1);
            _filling.Remove(key);
            return instance.With(name, whole);
        }

        /// <summary>The schema itself, then what its reference and <c>allOf</c> add, each once.</summary>
        private List<SchemaPlace> Applying(SchemaPlace place)
        {
            var found = new List<SchemaPlace>();
            var visited = new HashSet<(SchemaDocument, string)>();
            var open = new Stack<SchemaPlace>([place]);
            while (open.TryPop(out var next))
            {
                if (!next.Value.IsObject || !visited.Add((next.Resource.Document, next.Pointer))) continue;
                var reference = next.Value["$ref"]?.StringOrNull();
                if (!(next.Resource.Dialect.IsOlder && reference is not null))
                {
                    found.Add(next);
                    for (var i = (next.Value["allOf"] is { IsArray: true } all ? all.Count : 0) - 1; i >= 0; i--) open.Push(next.Child("allOf", i));
                }
                if (reference is null || !IsLocal(next.Resource, reference)) continue;
                open.Push(library.Resolve(next.Resource, reference, next.Location + "/$ref"));
            }
            return found;
        }

        /// <summary>Whether the reference stays in its schema resource.</summary>
        private static bool IsLocal(SchemaResource from, string reference) =>
            UriReference.Split(reference).Uri is var uri && (uri.Length == 0 || UriReference.Resolve(from.Uri, uri) == from.Uri);
    }
}
