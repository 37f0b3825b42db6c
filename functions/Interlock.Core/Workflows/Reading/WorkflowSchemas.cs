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
    private static readonly Lazy<JsonSchema> Dsl = new(() => JsonSchema.Compile(DslDocument.Value));
    private static readonly Lazy<JsonSchema> Own = new(() => JsonSchema.Compile(OwnDocument.Value,
        new JsonSchemaOptions { Remotes = new Dictionary<string, JsonValue> { [DslUri] = DslDocument.Value } }));

    /// <summary>Our schema: what an editor should complete and check against.</summary>
    public static JsonValue Document => OwnDocument.Value;

    /// <summary>Whether the document fits, apart from tasks that already have a finding of their own.</summary>
    public static bool CheckOwn(JsonValue document, FindingLog log)
    {
        var fits = true;
        var seen = new HashSet<string>();
        foreach (var error in Own.Value.Validate(document))
        {
            var (pointer, message) = Explain(document, error);
            if (log.IsInsideError(pointer) || !seen.Add(pointer + " " + message)) continue;
            log.Error("schema", pointer, message);
            fits = false;
            if (seen.Count == Reported) break;
        }
        return fits;
    }

    /// <summary>One finding: the DSL's schema is made of alternatives, so that what follows the first error repeats it.</summary>
    public static void CheckDsl(JsonValue document, FindingLog log)
    {
        if (Dsl.Value.IsValid(document)) return;
        var deepest = Dsl.Value.Validate(document).MaxBy(error => error.InstanceLocation.Count(c => c == '/'));
        log.Error("schema", deepest?.InstanceLocation ?? "", $"not valid under the DSL's schema: {deepest?.Message ?? "no reason was given"}");
    }

    private static (string Pointer, string Message) Explain(JsonValue document, SchemaError error)
    {
        var schema = JsonPointer.Resolve(OwnDocument.Value, OwnLocation(error.SchemaLocation));
        return error.Keyword switch
        {
            "additionalProperties" or "unevaluatedProperties" or "false" => UnknownProperty(document, error),
            "propertyNames" when error.InstanceLocation.Length > 0 => (error.InstanceLocation, error.Message),
            "enum" when schema is { IsArray: true } allowed => (error.InstanceLocation,
                $"must be {string.Join(" or ", allowed.Items.Select(item => item.StringOrNull() ?? item.ToString()))}"),
            "pattern" => (error.InstanceLocation, error.Message + Hint(error)),
            "required" => (error.InstanceLocation, error.Message + Hint(error)),
            _ => (error.InstanceLocation, error.Message),
        };
    }

    private static (string Pointer, string Message) UnknownProperty(JsonValue document, SchemaError error)
    {
        return (error.InstanceLocation, error.Message);
    }

    private static string OwnLocation(string location) => location;

    private static string Hint(SchemaError error) => "";

    private static JsonValue Load(string name)
    {
        using var stream = typeof(WorkflowSchemas).Assembly.GetManifestResourceStream("Interlock.Core.Workflows.Schemas." + name)
            ?? throw new InvalidOperationException($"The embedded schema {name} is missing.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return StrictJson.Parse(copy.ToArray());
    }
}
