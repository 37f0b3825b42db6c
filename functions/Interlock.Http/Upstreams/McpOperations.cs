using Interlock.Core.Gateway;
using Interlock.Json;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Upstreams;

/// <summary>
/// The contracts of <see cref="UpstreamOperations"/>. Their schemas are ours; what is the server's are its prompts, which the contract of
/// <c>prompts:get</c> holds as they are shown, so that another prompt is another contract.
/// </summary>
internal static class McpOperations
{
    private static readonly JsonValue Nothing = StrictJson.Parse("""{"type":"object","additionalProperties":false}""");

    private static readonly JsonValue Read = StrictJson.Parse("""
        {"type":"object","properties":{"uri":{"type":"string","minLength":1,"maxLength":8192}},"required":["uri"],"additionalProperties":false}
        """);

    private static readonly JsonValue Prompt = StrictJson.Parse("""
        {"type":"object","properties":{
          "name":{"type":"string","minLength":1,"maxLength":1024},
          "arguments":{"type":"object","additionalProperties":{"type":"string"}}},
         "required":["name"],"additionalProperties":false}
        """);

    private static readonly JsonValue Completion = StrictJson.Parse("""
        {"type":"object","properties":{
          "ref":{"oneOf":[
            {"type":"object","properties":{"type":{"const":"ref/prompt"},"name":{"type":"string"},"title":{"type":"string"}},"required":["type","name"],"additionalProperties":false},
            {"type":"object","properties":{"type":{"const":"ref/resource"},"uri":{"type":"string"}},"required":["type","uri"],"additionalProperties":false}]},
          "argument":{"type":"object","properties":{"name":{"type":"string"},"value":{"type":"string"}},"required":["name","value"],"additionalProperties":false},
          "context":{"type":"object","properties":{"arguments":{"type":"object","additionalProperties":{"type":"string"}}},"additionalProperties":false}},
         "required":["ref","argument"],"additionalProperties":false}
        """);

    /// <summary>What a server of these capabilities offers beside its tools. Prompts are in the order of their names, whatever the server's is.</summary>
    public static IReadOnlyList<ToolContract> Of(ServerCapabilities? capabilities, IEnumerable<JsonValue> prompts, string? instructions)
    {
        var offered = new List<JsonValue>();
        if (capabilities?.Resources is not null)
        {
            offered.Add(Contract(UpstreamOperations.ListResources, "Lists the server's resources.", Nothing));
            offered.Add(Contract(UpstreamOperations.ListTemplates, "Lists the server's resource templates.", Nothing));
            offered.Add(Contract(UpstreamOperations.ReadResource, "Reads a resource of the server.", Read));
        }
        if (capabilities?.Prompts is not null)
            offered.Add(Contract(UpstreamOperations.GetPrompt, "Gets a prompt of the server.", Prompt).With("prompts", JsonValue.Array(prompts.OrderBy(prompt => prompt["name"]?.StringOrNull(), StringComparer.Ordinal))));
        if (capabilities?.Completions is not null)
            offered.Add(Contract(UpstreamOperations.Complete, "Completes an argument of a prompt or of a resource template of the server.", Completion));
        return [.. offered.Select(contract => ToolContract.Read(contract, instructions)!)]; // each has a name and a schema
    }

    /// <summary>What is wrong with a list of prompts, or null.</summary>
    public static string? Flaw(JsonItems prompts)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var prompt in prompts)
        {
            if (prompt["name"]?.StringOrNull() is not { Length: > 0 } name) return "A prompt has no name.";
            if (!names.Add(name)) return $"The prompt {name} is listed twice.";
        }
        return null;
    }

    private static JsonValue Contract(string name, string description, JsonValue schema) => JsonValue.Object(("name", name), ("description", description), ("inputSchema", schema));
}
