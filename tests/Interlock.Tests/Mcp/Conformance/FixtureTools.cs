using Interlock.Http.Mcp;
using Interlock.Json;

namespace Interlock.Tests.Mcp.Conformance;

internal sealed class FixtureTools(Func<Task> changed)
{
    private static readonly string[] Plain =
    [
        "test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource", "test_multiple_content_types", "test_tool_with_logging", "test_logging_tool",
        "test_error_handling", "test_tool_with_progress", "test_missing_capability", "test_streaming_elicitation", "test_trigger_tool_change", "test_trigger_prompt_change",
        "test_sampling", "test_elicitation", "test_elicitation_sep1034_defaults", "test_elicitation_sep1330_enums", "test_reconnection",
        "test_input_required_result_elicitation", "test_input_required_result_sampling", "test_input_required_result_list_roots", "test_input_required_result_request_state",
        "test_input_required_result_tampered_state", "test_input_required_result_multiple_inputs", "test_input_required_result_multi_round", "test_input_required_result_capabilities",
    ];

    private static readonly JsonValue Modern = StrictJson.Parse("""
        { "name": "json_schema_2020_12_tool", "description": "Tool with JSON Schema 2020-12 features", "inputSchema": {
          "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
          "$defs": { "address": { "$anchor": "addressDef", "type": "object", "properties": { "street": { "type": "string" }, "city": { "type": "string" } } } },
          "properties": { "name": { "type": "string" }, "address": { "$ref": "#/$defs/address" }, "contactMethod": { "type": "string", "enum": ["phone", "email"] }, "phone": { "type": "string" }, "email": { "type": "string" } },
          "allOf": [ { "anyOf": [ { "required": ["phone"] }, { "required": ["email"] } ] } ],
          "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] }, "then": { "required": ["phone"] }, "else": { "required": ["email"] },
          "additionalProperties": false } }
        """);

    private static readonly JsonValue Headed = StrictJson.Parse("""
        { "name": "test_x_mcp_header", "description": "An argument that travels as a header too.", "inputSchema": { "type": "object", "properties": { "region": { "type": "string", "x-mcp-header": "Region" } } } }
        """);

    /// <summary>Results of a contract, in which the text or the structured content itself is more than is handed on.</summary>
    private static readonly JsonValue[] Large =
    [
        StrictJson.Parse("{ \"name\": \"large_text\", \"description\": \"More text than is handed on.\", \"inputSchema\": { \"type\": \"object\" }, \"outputSchema\": { \"type\": \"object\", \"required\": [\"id\"], \"properties\": { \"id\": { \"type\": \"string\" } } } }"),
        StrictJson.Parse("{ \"name\": \"large_structure\", \"description\": \"More structured content than is handed on.\", \"inputSchema\": { \"type\": \"object\" }, \"outputSchema\": { \"type\": \"object\", \"required\": [\"id\"], \"properties\": { \"id\": { \"type\": \"string\" } } } }"),
    ];

    public static JsonValue Contracts { get; } = JsonValue.Array(Plain
        .Select(name => JsonValue.Object(("name", name), ("description", $"The fixture {name}."), ("inputSchema", JsonValue.Object(("type", "object"))))).Append(Modern).Append(Headed).Concat(Large));

    public async ValueTask<McpAnswer> CallAsync(McpExchange exchange, CancellationToken ct)
    {
        var name = exchange.Params["name"]!.AsString(); // the shell checks it
        if (FixtureInputs.Call(exchange, name) is { } asked) return asked;
        switch (name)
        {
            case "test_tool_with_progress":
                var progress = exchange.Progress() ?? (_ => { });
                foreach (var at in (double[])[0, 50, 100]) progress(JsonValue.Object(("progress", at), ("total", 100)));
                return Content(Text("Done."));
            case "test_tool_with_logging":
                if (exchange.Message.Meta?["io.modelcontextprotocol/logLevel"] is not null)
                    foreach (var said in (string[])["Tool execution started", "Tool processing data", "Tool execution completed"]) exchange.Notify("notifications/message", JsonValue.Object(("level", "info"), ("data", said)));
                return Content(Text("Done."));
            case "test_missing_capability" when !CanSample(exchange):
                return McpAnswer.Fail(McpErrorCodes.MissingCapability, "This tool needs sampling.", StrictJson.Parse("""{"requiredCapabilities":{"sampling":{}}}"""));
            case "test_trigger_tool_change" or "test_trigger_prompt_change":
                await changed();
                return Content(Text("Changed."));
            case "large_text" or "large_structure":
                var text = new string('x', 1200 * 1024);
                var id = name == "large_text" ? "x7" : text;
                return McpAnswer.Of(JsonValue.Object(("content", JsonValue.Array(Text(text))), ("structuredContent", JsonValue.Object(("id", id)))));
            case "test_error_handling":
                return McpAnswer.Of(JsonValue.Object(("isError", true), ("content", CallResults.Text("This tool intentionally returns an error for testing"))));
            default:
                return Of(name) is { } content ? Content(content) : McpAnswer.Fail(McpErrorCodes.InvalidParams, "No such tool.");
        }
    }

    private static bool CanSample(McpExchange exchange) => exchange.Capabilities?["sampling"] is not null;

    private static JsonValue[]? Of(string name) => name switch
    {
        "test_simple_text" => [Text("This is a simple text response for testing.")],
        "test_image_content" => [Image],
        "test_audio_content" => [JsonValue.Object(("type", "audio"), ("data", "UklGRiQAAABXQVZFZm10IBAAAAABAAEAESsAACJWAAACABAAZGF0YQAAAAA="), ("mimeType", "audio/wav"))],
        "test_embedded_resource" => [Resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
        "test_multiple_content_types" => [Text("Multiple content types test:"), Image, Resource("test://mixed-content-resource", "application/json", """{"test":"data","value":123}""")],
        _ when Plain.Contains(name) || name is "test_x_mcp_header" or "json_schema_2020_12_tool" => [Text("Done.")],
        _ => null,
    };

    private static JsonValue Image => JsonValue.Object(("type", "image"), ("data", FixtureResources.Png), ("mimeType", "image/png"));

    private static JsonValue Resource(string uri, string type, string text) => JsonValue.Object(("type", "resource"), ("resource", JsonValue.Object(("uri", uri), ("mimeType", type), ("text", text))));

    private static JsonValue Text(string text) => JsonValue.Object(("type", "text"), ("text", text));

    private static McpAnswer Content(params JsonValue[] blocks) => McpAnswer.Of(JsonValue.Object(("content", JsonValue.Array(blocks))));
}
