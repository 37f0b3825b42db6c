using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Workflows.Reading;

/// <summary>
/// The two schemas every document must fit. Ours names exactly what is run and tells task kinds apart by conditions, so that a mistake
/// gives the one failure that matters; the DSL's own schema follows as the proof that the document is what it says it is.
/// </summary>
internal static class WorkflowSchemas
{
    private const string DslUri = "https://serverlessworkflow.io/schemas/1.0.3/workflow.yaml";
    private const int Reported = 20;

    private static readonly Lazy<JsonValue> DslDocument = new(() => Load("dsl-1.0.3.json"));
    private static readonly Lazy<JsonValue> OwnDocument = new(() => Load("interlock.json"));
    private static readonly Lazy<JsonValue> ComposedDocument = new(() => SchemaComposition.Compose(OwnDocument.Value, DslDocument.Value, DslUri));
    private static readonly Lazy<JsonSchema> Dsl = new(() => JsonSchema.Compile(DslDocument.Value, JsonSchemaOptions.Asserting));
    private static readonly Lazy<JsonSchema> Own = new(() => JsonSchema.Compile(OwnDocument.Value,
        JsonSchemaOptions.Asserting with { Remotes = new Dictionary<string, JsonValue> { [DslUri] = DslDocument.Value } }));

    /// <summary>Both in one.</summary>
    public static JsonValue Composed => ComposedDocument.Value;

    /// <summary>Whether the document fits, apart from tasks that already have a finding of their own.</summary>
    public static bool CheckOwn(JsonValue document, FindingLog log)
    {
        var seen = new HashSet<(string, string)>();
        foreach (var error in Own.Value.Validate(document).Take(Reported))
        {
            foreach (var (pointer, message) in Explain(document, error))
                if (!log.IsInsideError(pointer) && seen.Add((pointer, message))) log.Error("schema", pointer, message);
        }
        return seen.Count == 0;
    }

    /// <summary>One finding: the DSL's schema is made of alternatives, so that what follows the first error repeats it.</summary>
    public static void CheckDsl(JsonValue document, FindingLog log)
    {
        if (Dsl.Value.IsValid(document)) return;
        var deepest = Dsl.Value.Validate(document).MaxBy(error => error.InstanceLocation.Count(c => c == '/'));
        log.Error("schema", deepest?.InstanceLocation ?? "", $"not valid under the DSL's schema: {deepest?.Message ?? "no reason was given"}");
    }

    private static IEnumerable<(string Pointer, string Message)> Explain(JsonValue document, SchemaError error)
    {
        var (schema, keyword) = Locate(error.SchemaLocation);
        var hint = schema?["description"]?.StringOrNull() is { } description ? $" ({description.TrimEnd('.')})" : "";
        return error.Keyword switch
        {
            "additionalProperties" when schema?["properties"] is { } known => Unknown(document, error.InstanceLocation, known),
            "enum" when keyword is { IsArray: true } => [(error.InstanceLocation, $"must be {string.Join(" or ", keyword.Items.Select(Plain))}")],
            "pattern" or "propertyNames" or "required" => [(error.InstanceLocation, error.Message + hint)],
            _ => [(error.InstanceLocation, error.Message)],
        };
    }

    /// <summary>Each unknown property at its own place; the library names the object that holds them.</summary>
    private static IEnumerable<(string Pointer, string Message)> Unknown(JsonValue document, string pointer, JsonValue known)
    {
        var allowed = string.Join(", ", known.Members.Names);
        var holder = JsonPointer.Resolve(document, pointer);
        if (holder is not { IsObject: true }) yield break;
        foreach (var name in holder.Members.Names.Where(name => known[name] is null))
            yield return (JsonPointer.Append(pointer, name), $"unknown property '{Quote.Short(name)}'; allowed: {allowed}");
    }

    /// <summary>The schema that holds the failed keyword, and the keyword's value.</summary>
    private static (JsonValue? Schema, JsonValue? Keyword) Locate(string location)
    {
        var hash = location.IndexOf('#', StringComparison.Ordinal);
        var root = hash > 0 && location.StartsWith(DslUri, StringComparison.Ordinal) ? DslDocument.Value : OwnDocument.Value;
        var pointer = hash < 0 ? location : location[(hash + 1)..];
        var cut = pointer.LastIndexOf('/');
        return cut < 0 ? (root, null) : (JsonPointer.Resolve(root, pointer[..cut]), JsonPointer.Resolve(root, pointer));
    }

    private static string Plain(JsonValue value) => value.StringOrNull() ?? value.ToString();

    private static JsonValue Load(string name)
    {
        using var stream = typeof(WorkflowSchemas).Assembly.GetManifestResourceStream("Interlock.Core.Workflows.Schemas." + name)
            ?? throw new InvalidOperationException($"The embedded schema {name} is missing.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return StrictJson.Parse(copy.ToArray());
    }
}
