using System.Buffers;
using System.Text.Json;
using Interlock.Core.Gateway;
using Interlock.Http.Mcp;
using Interlock.Json;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Upstreams;

/// <summary>Writes MCP requests as HTTP: the revision's headers, <c>_meta</c> that is only ours, arguments byte for byte.</summary>
internal static class McpRequest
{
    /// <summary>A call, or of one whose answer comes in pages the request for the page at a cursor.</summary>
    public static HttpRequestMessage Call(McpConnection connection, string id, UpstreamCall call, string? cursor = null)
    {
        var method = McpMethod.Of(call.Tool);
        var arguments = method.IsTool && !connection.InputSchemas.ContainsKey(call.Tool) ? JsonValue.EmptyObject : StrictJson.Parse(call.Arguments.Span);
        var body = Write(connection, id, method.Name, call, json =>
        {
            if (method.IsTool)
            {
                json.WriteString("name", call.Tool);
                json.WritePropertyName("arguments");
                json.WriteRawValue(call.Arguments.Span, skipInputValidation: true); // canonical bytes: another writer would escape them anew
                return;
            }
            foreach (var (name, value) in arguments.Members.Where(member => member.Key is not ("_meta" or "cursor")))
            {
                json.WritePropertyName(name);
                json.WriteRawValue(CanonicalJson.Serialize(value), skipInputValidation: true);
            }
            if (cursor is not null) json.WriteString("cursor", cursor);
        });
        var request = Post(connection, method.Name, body);
        if (!IsNewest(connection)) return request;
        if ((method.IsTool ? call.Tool : method.Named is { } named ? arguments[named]?.StringOrNull() : null) is { } target)
            request.Headers.TryAddWithoutValidation("Mcp-Name", McpHeaderEncoder.EncodeValue(target));
        if (connection.InputSchemas.TryGetValue(call.Tool, out var schema)) AddParameters(request, schema, arguments);
        return request;
    }

    public static HttpRequestMessage List(McpConnection connection, string id, McpMethod method, string? cursor)
    {
        var body = Write(connection, id, method.Name, null, json =>
        {
            if (cursor is not null) json.WriteString("cursor", cursor);
        });
        return Post(connection, method.Name, body);
    }

    /// <summary>The notification that asks the server to stop working on a request.</summary>
    public static JsonRpcNotification Cancelled(string id) => new()
    {
        Method = NotificationMethods.CancelledNotification,
        Params = new System.Text.Json.Nodes.JsonObject { ["requestId"] = id, ["reason"] = "The caller no longer waits." },
    };

    private static byte[] Write(McpConnection connection, string id, string method, UpstreamCall? call, Action<Utf8JsonWriter> parameters)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            json.WriteString("id", id);
            json.WriteString("method", method);
            json.WriteStartObject("params");
            parameters(json);
            json.WriteStartObject("_meta");
            if (IsNewest(connection)) WriteEnvelope(json);
            if (call?.Link?.Progress is not null) json.WriteString("progressToken", id);
            if (call is not null) json.WriteString("interlock/idempotencyKey", call.IdempotencyKey);
            if (call?.TraceParent is { } traceParent) json.WriteString("traceparent", traceParent);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteEnvelope(Utf8JsonWriter json)
    {
        json.WriteString("io.modelcontextprotocol/protocolVersion", McpProtocolRules.NewestVersion);
        json.WriteStartObject("io.modelcontextprotocol/clientInfo");
        json.WriteString("name", "interlock");
        json.WriteString("version", "1.0.0");
        json.WriteEndObject();
        json.WriteStartObject("io.modelcontextprotocol/clientCapabilities"); // none: nothing is answered on a caller's behalf
        json.WriteEndObject();
    }

    private static HttpRequestMessage Post(McpConnection connection, string method, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, connection.Address) { Content = new OneShotContent(body) };
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (connection.Revision is { } revision) request.Headers.Add(McpProtocolRules.VersionHeader, revision);
        if (connection.Client.SessionId is { } session) request.Headers.Add("Mcp-Session-Id", session);
        request.Headers.Add("Mcp-Method", method);
        return request;
    }

    /// <summary>The header of every present, non-null argument whose schema property states <c>x-mcp-header</c>, at any depth.</summary>
    private static void AddParameters(HttpRequestMessage request, JsonValue schema, JsonValue arguments)
    {
        if (schema["properties"] is not { IsObject: true } properties) return;
        foreach (var (name, property) in properties.Members)
        {
            if (arguments[name] is not { IsNull: false } argument) continue;
            if (argument.IsObject) AddParameters(request, property, argument);
            else if (property["x-mcp-header"]?.StringOrNull() is { Length: > 0 } header && !argument.IsArray)
                request.Headers.TryAddWithoutValidation(
                    "Mcp-Param-" + header, McpHeaderEncoder.EncodeValue(argument.StringOrNull() ?? argument.ToString()));
        }
    }

    private static bool IsNewest(McpConnection connection) => connection.Revision == McpProtocolRules.NewestVersion;
}
