using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Interlock.Local.Bench;

/// <summary>
/// A stateless MCP server with the one tool <c>echo</c>, as cheap as it can be made: what every gateway of the benchmark stands in front of. <c>/json</c> answers with a
/// JSON body, <c>/sse</c> with one event. It speaks the revisions that begin with <c>initialize</c>.
/// </summary>
internal static class EchoServer
{
    public const string JsonPath = "/json";
    public const string SsePath = "/sse";
    public const string Tool = "echo";

    private static readonly JsonElement Tools = JsonDocument.Parse($$$"""
        { "tools": [ { "name": "{{{Tool}}}", "description": "Gives the text back.",
          "inputSchema": { "type": "object", "required": ["text"], "additionalProperties": false,
            "properties": { "text": { "type": "string", "maxLength": 1000000 }, "times": { "type": "integer", "minimum": 1 } } } } ] }
        """).RootElement;

    public static void Map(WebApplication app)
    {
        app.MapPost(JsonPath, (RequestDelegate)(context => AnswerAsync(context, asEvent: false)));
        app.MapPost(SsePath, (RequestDelegate)(context => AnswerAsync(context, asEvent: true)));
    }

    private static async Task AnswerAsync(HttpContext context, bool asEvent)
    {
        using var message = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        var response = context.Response;
        if (!message.RootElement.TryGetProperty("id", out var id))
        {
            response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }
        var buffer = new ArrayBufferWriter<byte>(1024);
        if (asEvent) buffer.Write("event: message\ndata: "u8);
        Write(buffer, message.RootElement, id);
        if (asEvent) buffer.Write("\n\n"u8);
        response.ContentType = asEvent ? "text/event-stream" : "application/json";
        if (!asEvent) response.ContentLength = buffer.WrittenCount;
        await response.BodyWriter.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }

    private static void Write(IBufferWriter<byte> buffer, JsonElement message, JsonElement id)
    {
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("jsonrpc"u8, "2.0"u8);
        json.WritePropertyName("id"u8);
        id.WriteTo(json);
        switch (message.GetProperty("method").GetString())
        {
            case "initialize":
                json.WriteStartObject("result"u8);
                json.WriteString("protocolVersion"u8, message.GetProperty("params").GetProperty("protocolVersion").GetString());
                json.WriteStartObject("capabilities"u8);
                json.WriteStartObject("tools"u8);
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteStartObject("serverInfo"u8);
                json.WriteString("name"u8, "echo"u8);
                json.WriteString("version"u8, "1.0.0"u8);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case "tools/list":
                json.WritePropertyName("result"u8);
                Tools.WriteTo(json);
                break;
            case "tools/call":
                json.WriteStartObject("result"u8);
                json.WriteStartArray("content"u8);
                json.WriteStartObject();
                json.WriteString("type"u8, "text"u8);
                json.WritePropertyName("text"u8);
                message.GetProperty("params").GetProperty("arguments").GetProperty("text").WriteTo(json);
                json.WriteEndObject();
                json.WriteEndArray();
                json.WriteEndObject();
                break;
            case "ping":
                json.WriteStartObject("result"u8);
                json.WriteEndObject();
                break;
            default:
                json.WriteStartObject("error"u8);
                json.WriteNumber("code"u8, -32601);
                json.WriteString("message"u8, "There is no such method."u8);
                json.WriteEndObject();
                break;
        }
        json.WriteEndObject();
    }
}
