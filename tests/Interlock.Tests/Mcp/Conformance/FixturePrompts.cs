using Interlock.Http.Mcp;
using Interlock.Json;

namespace Interlock.Tests.Mcp.Conformance;

internal static class FixturePrompts
{
    public static JsonValue Contracts { get; } = StrictJson.Parse("""
        [ { "name": "test_simple_prompt", "description": "A prompt." },
          { "name": "test_prompt_with_arguments", "description": "With arguments.", "arguments": [ { "name": "arg1", "description": "The first.", "required": true }, { "name": "arg2", "description": "The second.", "required": true } ] },
          { "name": "test_prompt_with_embedded_resource", "description": "With a resource.", "arguments": [ { "name": "resourceUri", "description": "Which.", "required": true } ] },
          { "name": "test_prompt_with_image", "description": "With an image." },
          { "name": "test_input_required_result_prompt", "description": "Asks first." } ]
        """);

    public static McpAnswer Get(McpExchange exchange)
    {
        var arguments = exchange.Params["arguments"];
        return exchange.Params["name"]?.StringOrNull() switch
        {
            "test_simple_prompt" => Messages(Text("This is a simple prompt for testing.")),
            "test_prompt_with_arguments" => Messages(Text($"Prompt with arguments: arg1='{arguments?["arg1"]?.StringOrNull()}', arg2='{arguments?["arg2"]?.StringOrNull()}'")),
            "test_prompt_with_embedded_resource" => Messages(
                JsonValue.Object(("type", "resource"), ("resource", JsonValue.Object(("uri", arguments?["resourceUri"] ?? ""), ("mimeType", "text/plain"), ("text", "Embedded resource content for testing.")))),
                Text("Please process the embedded resource above.")),
            "test_prompt_with_image" => Messages(JsonValue.Object(("type", "image"), ("data", FixtureResources.Png), ("mimeType", "image/png")), Text("Please analyze the image above.")),
            "test_input_required_result_prompt" => exchange.Params["inputResponses"]?["user_context"]?["content"]?["context"]?.StringOrNull() is { } context
                ? Messages(Text("In the context of " + context))
                : FixtureInputs.Ask(("user_context", FixtureInputs.Form("What context should the prompt use?", "context"))),
            _ => McpAnswer.Fail(McpErrorCodes.InvalidParams, "No such prompt."),
        };
    }

    private static McpAnswer Messages(params JsonValue[] contents) =>
        McpAnswer.Of(JsonValue.Object(("messages", JsonValue.Array(contents.Select(content => JsonValue.Object(("role", "user"), ("content", content)))))));

    private static JsonValue Text(string text) => JsonValue.Object(("type", "text"), ("text", text));
}
