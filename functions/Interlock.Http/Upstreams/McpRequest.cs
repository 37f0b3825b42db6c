using System.Buffers;
using System.Text.Json;
using Interlock.Core.Agents;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Callbacks;
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
        var arguments = method.IsTool && !connection.Tools.ContainsKey(call.Tool) ? JsonValue.EmptyObject : StrictJson.Parse(call.Arguments.Span);
        var body = Write(connection, id, method.Name, call, json =>
        {
            if (connection.IsNewest) McpInput.WriteAnswers(json, call.Link?.Answers);
            if (method.IsTool)
            {
                json.WriteString("name", call.Tool);
                json.WritePropertyName("arguments");
                json.WriteRawValue(call.Arguments.Span, skipInputValidation: true); // canonical bytes: another writer would escape them anew
                if (!connection.IsNewest && call.AsTask)
                {
                    json.WriteStartObject("task");
                    json.WriteEndObject();
                }
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
        if (call.TraceParent is { } traceParent) request.Headers.TryAddWithoutValidation("traceparent", traceParent);
        if (!connection.IsNewest) return request;
        if ((method.IsTool ? call.Tool : method.Named is { } named ? arguments[named]?.StringOrNull() : null) is { } target)
            request.Headers.TryAddWithoutValidation("Mcp-Name", McpHeaderEncoder.EncodeValue(target));
        if (connection.Tools.TryGetValue(call.Tool, out var tool)) AddParameters(request, tool.InputSchema, arguments);
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

    /// <summary>Asks a server of 2026-07-28 to say on a stream when its lists change.</summary>
    public static HttpRequestMessage Listen(McpConnection connection, string id) => Post(connection, RequestMethods.SubscriptionsListen, Write(connection, id, RequestMethods.SubscriptionsListen, null, json =>
    {
        json.WriteStartObject("notifications");
        json.WriteBoolean("toolsListChanged", true);
        json.WriteBoolean("promptsListChanged", true);
        json.WriteEndObject();
    }));

    /// <summary>Asks an older server for the stream on which it says things of its own.</summary>
    public static HttpRequestMessage Stream(McpConnection connection)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, connection.Address);
        request.Headers.Accept.ParseAdd("text/event-stream");
        AddConnection(request, connection);
        return request;
    }

    /// <summary>A request about a task, with the caller's answers to what it asked.</summary>
    public static HttpRequestMessage OfTask(McpConnection connection, string id, string method, UpstreamCall call)
    {
        var task = call.Task!; // it is about one
        var request = Post(connection, method, Write(connection, id, method, call, json =>
        {
            json.WriteString("taskId", task);
            if (method == McpTasks.Update) McpInput.WriteAnswers(json, call.Link?.Answers);
        }));
        if (connection.IsNewest) request.Headers.TryAddWithoutValidation("Mcp-Name", McpHeaderEncoder.EncodeValue(task));
        return request;
    }

    /// <summary>The notification that asks the server to stop working on a request.</summary>
    public static HttpRequestMessage Cancelled(McpConnection connection, string id) => Post(connection, NotificationMethods.CancelledNotification, Bytes(json =>
    {
        json.WriteString("method", NotificationMethods.CancelledNotification);
        json.WriteStartObject("params");
        json.WriteString("requestId", id);
        json.WriteString("reason", "The caller no longer waits.");
        json.WriteEndObject();
    }));

    /// <summary>The answer to a request of the server: a ping's, or that it is not offered.</summary>
    public static HttpRequestMessage Answer(McpConnection connection, JsonValue id, bool isPing) => Post(connection, null, Bytes(json =>
    {
        json.WritePropertyName("id");
        json.WriteRawValue(id.ToString(), skipInputValidation: true);
        json.WriteStartObject(isPing ? "result" : "error");
        if (!isPing)
        {
            json.WriteNumber("code", McpErrorCodes.MethodNotFound);
            json.WriteString("message", "Not offered by this client.");
        }
        json.WriteEndObject();
    }));

    private static byte[] Write(McpConnection connection, string id, string method, UpstreamCall? call, Action<Utf8JsonWriter> parameters) => Bytes(json =>
    {
        json.WriteString("id", id);
        json.WriteString("method", method);
        json.WriteStartObject("params");
        parameters(json);
        json.WriteStartObject("_meta");
        if (connection.IsNewest) WriteEnvelope(json, call);
        if (connection.IsNewest && call?.Link?.LogLevel is { } level) json.WriteString(McpProtocolRules.LogLevelMeta, level);
        if (call?.Link?.Progress is not null) json.WriteString("progressToken", id);
        if (call is not null)
        {
            json.WriteString("interlock/idempotencyKey", call.IdempotencyKey);
            json.WriteString(CallDeadlines.Meta, CallDeadlines.Write(call.Deadline));
            FenceMeta.Write(json, call);
        }
        if (call?.Access is { } access)
        {
            json.WritePropertyName(RunAccess.Meta);
            json.WriteRawValue(access.ToJson().ToString());
        }
        if (call?.Resume is { } resume)
        {
            json.WritePropertyName(AgentPause.Meta);
            json.WriteRawValue(resume.ToJson().ToString());
        }
        if (call?.TraceParent is { } traceParent) json.WriteString("traceparent", traceParent);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static byte[] Bytes(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            members(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The capabilities are the caller's elicitation, and tasks, which are ours to await.</summary>
    private static void WriteEnvelope(Utf8JsonWriter json, UpstreamCall? call)
    {
        json.WriteString("io.modelcontextprotocol/protocolVersion", McpProtocolRules.NewestVersion);
        json.WriteStartObject("io.modelcontextprotocol/clientInfo");
        json.WriteString("name", "interlock");
        json.WriteString("version", "1.0.0");
        json.WriteEndObject();
        json.WriteStartObject("io.modelcontextprotocol/clientCapabilities");
        McpInput.WriteCapabilities(json, call?.Link);
        if (call is not null && McpMethod.Of(call.Tool).IsTool)
        {
            json.WriteStartObject("extensions");
            json.WriteStartObject(McpTasks.Extension);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static HttpRequestMessage Post(McpConnection connection, string? method, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, connection.Address) { Content = new OneShotContent(body) };
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        AddConnection(request, connection);
        if (method is not null) request.Headers.Add("Mcp-Method", method);
        return request;
    }

    private static void AddConnection(HttpRequestMessage request, McpConnection connection)
    {
        if (connection.Revision is { } revision) request.Headers.Add(McpProtocolRules.VersionHeader, revision);
        if (connection.Client.SessionId is { } session) request.Headers.Add("Mcp-Session-Id", session);
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
}
