using Interlock.Json;

namespace Interlock.Samples.DemoServers;

/// <summary>The chat server: posts messages.</summary>
internal static class ChatTools
{
    public static IReadOnlyList<DemoTool> All(DemoState state) =>
    [
        new("""
            {
              "name": "post_message",
              "title": "Post a message",
              "description": "Posts a message to a channel.",
              "inputSchema": {
                "type": "object",
                "properties": {
                  "channel": { "type": "string", "description": "For example #incidents." },
                  "text": { "type": "string" }
                },
                "required": ["channel", "text"],
                "additionalProperties": false
              },
              "outputSchema": {
                "type": "object",
                "properties": { "messageId": { "type": "string" }, "channel": { "type": "string" } },
                "required": ["messageId", "channel"],
                "additionalProperties": false
              },
              "annotations": { "title": "Post a message", "readOnlyHint": false, "destructiveHint": false, "idempotentHint": false, "openWorldHint": true }
            }
            """,
            effect: true,
            (arguments, _) => Task.FromResult(DemoAnswer.Of(JsonValue.Object(
                ("messageId", $"MSG-{state.AddMessage(arguments)}"), ("channel", arguments["channel"] ?? ""))))),
    ];
}
