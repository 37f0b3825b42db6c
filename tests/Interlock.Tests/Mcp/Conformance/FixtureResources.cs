using Interlock.Http.Mcp;
using Interlock.Json;

namespace Interlock.Tests.Mcp.Conformance;

internal static class FixtureResources
{
    public const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private const string Before = "test://template/";
    private const string After = "/data";

    public static JsonValue Contracts { get; } = StrictJson.Parse("""
        [ { "uri": "test://static-text", "name": "Static text", "description": "A text.", "mimeType": "text/plain" },
          { "uri": "test://static-binary", "name": "Static binary", "description": "An image.", "mimeType": "image/png" },
          { "uri": "test://watched-resource", "name": "Watched", "description": "A text that is watched.", "mimeType": "text/plain" } ]
        """);

    public static JsonValue Templates { get; } = StrictJson.Parse("""
        [ { "uriTemplate": "test://template/{id}/data", "name": "Data", "description": "Data by id.", "mimeType": "application/json" } ]
        """);

    public static McpAnswer Read(McpExchange exchange)
    {
        var uri = exchange.Params["uri"]!.AsString();
        return uri switch
        {
            "test://static-text" => Contents(uri, "text/plain", ("text", "This is the content of the static text resource.")),
            "test://watched-resource" => Contents(uri, "text/plain", ("text", "Watched.")),
            "test://static-binary" => Contents(uri, "image/png", ("blob", Png)),
            _ when uri.StartsWith(Before, StringComparison.Ordinal) && uri.EndsWith(After, StringComparison.Ordinal) && uri[Before.Length..^After.Length] is var id =>
                Contents(uri, "application/json", ("text", JsonValue.Object(("id", id), ("templateTest", true), ("data", "Data for ID: " + id)).ToString())),
            _ => McpAnswer.Fail(McpErrorCodes.InvalidParams, "Resource not found", JsonValue.Object(("uri", uri))),
        };
    }

    private static McpAnswer Contents(string uri, string type, (string Name, JsonValue Value) content) =>
        McpAnswer.Of(JsonValue.Object(("contents", JsonValue.Array(JsonValue.Object(("uri", uri), ("mimeType", type), content))), ("ttlMs", 0), ("cacheScope", "private")));
}
