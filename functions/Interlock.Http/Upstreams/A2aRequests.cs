using System.Buffers;
using System.Text.Json;
using Interlock.Core.Endpoints;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Registry;
using Interlock.Http.Mcp;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>Writes A2A's JSON-RPC requests, as 0.3 or as 1.0 names things.</summary>
internal static class A2aRequests
{
    /// <summary>The header that says which version is spoken; 0.3 knows none.</summary>
    public const string VersionHeader = "A2A-Version";

    /// <summary>The history holds our own messages, and what came along with them: nobody needs that back.</summary>
    private const string NoHistory = "historyLength";

    /// <summary>
    /// A message with one data part that holds the arguments byte for byte, or with the parts that the arguments are; the idempotency key is the message's id. To an agent that
    /// paused, its answer to that. An agent that notifies is not waited for.
    /// </summary>
    public static byte[] Send(string id, UpstreamCall call, bool stream)
    {
        var dialect = call.Endpoint.Dialect;
        return Request(id, (dialect.IsOne, stream) switch { (true, true) => "SendStreamingMessage", (true, _) => "SendMessage", (_, true) => "message/stream", _ => "message/send" }, json =>
        {
            json.WriteStartObject("message");
            if (!dialect.IsOne) json.WriteString("kind", "message");
            json.WriteString("role", dialect.IsOne ? "ROLE_USER" : "user");
            json.WriteString("messageId", call.IdempotencyKey);
            if (call.Resume?.Pause.Task is { } task) json.WriteString("taskId", task);
            if (call.Resume?.Pause.Context is { } context) json.WriteString("contextId", context);
            json.WriteStartArray("parts");
            WriteParts(json, call);
            json.WriteEndArray();
            WriteMetadata(json, call);
            json.WriteEndObject();
            WriteConfiguration(json, call, waits: stream || !dialect.Notifies || call.Notify is null);
        });
    }

    /// <summary>Asks how a task stands.</summary>
    public static byte[] Get(string id, AgentDialect dialect, string task) => OfTask(id, dialect.IsOne ? "GetTask" : "tasks/get", task);

    /// <summary>Asks the agent to stop a task.</summary>
    public static byte[] Cancel(string id, AgentDialect dialect, string task) => OfTask(id, dialect.IsOne ? "CancelTask" : "tasks/cancel", task);

    private static byte[] OfTask(string id, string method, string task) => Request(id, method, json =>
    {
        json.WriteString("id", task);
        if (method is "GetTask" or "tasks/get") json.WriteNumber(NoHistory, 0);
    });

    private static void WriteParts(Utf8JsonWriter json, UpstreamCall call)
    {
        if (call.Resume is { } resume)
        {
            WriteData(json, call, CanonicalJson.Serialize(resume.ToJson()));
            return;
        }
        if (call.Tool != EndpointTarget.A2a.Method)
        {
            WriteData(json, call, call.Arguments.Span); // canonical bytes, as they are
            return;
        }
        foreach (var part in (StrictJson.Parse(call.Arguments.Span)["parts"] ?? JsonValue.EmptyArray).Items)
            json.WriteRawValue(CanonicalJson.Serialize(call.Endpoint.Dialect.IsOne ? Newer(part) : part), skipInputValidation: true);
    }

    private static void WriteData(Utf8JsonWriter json, UpstreamCall call, ReadOnlySpan<byte> data)
    {
        json.WriteStartObject();
        if (!call.Endpoint.Dialect.IsOne) json.WriteString("kind", "data");
        json.WritePropertyName("data");
        json.WriteRawValue(data, skipInputValidation: true);
        json.WriteEndObject();
    }

    /// <summary>A part of 0.3 as 1.0 writes it: what it holds says its kind.</summary>
    private static JsonValue Newer(JsonValue part)
    {
        if (part["file"] is not { IsObject: true } file) return part.Without("kind");
        var newer = part.Without("kind").Without("file");
        if (file["uri"] is { } uri) newer = newer.With("url", uri);
        if (file["bytes"] is { } bytes) newer = newer.With("raw", bytes);
        if (file["mimeType"] is { } type) newer = newer.With("mediaType", type);
        return file["name"] is { } name ? newer.With("filename", name) : newer;
    }

    private static void WriteMetadata(Utf8JsonWriter json, UpstreamCall call)
    {
        json.WriteStartObject("metadata");
        json.WriteString("interlock/idempotencyKey", call.IdempotencyKey);
        json.WriteString(CallDeadlines.Meta, CallDeadlines.Write(call.Deadline));
        FenceMeta.Write(json, call);
        if (call.TraceParent is not null) json.WriteString("traceparent", call.TraceParent);
        if (call.Access is { } access)
        {
            json.WritePropertyName(RunAccess.Meta);
            json.WriteRawValue(access.ToJson().ToString());
        }
        json.WriteEndObject();
    }

    private static void WriteConfiguration(Utf8JsonWriter json, UpstreamCall call, bool waits)
    {
        var dialect = call.Endpoint.Dialect;
        json.WriteStartObject("configuration");
        json.WriteNumber(NoHistory, 0);
        json.WriteBoolean(dialect.IsOne ? "returnImmediately" : "blocking", dialect.IsOne ? !waits : waits);
        if (dialect.Notifies && call.Notify is { } notify)
        {
            json.WriteStartObject(dialect.IsOne ? "taskPushNotificationConfig" : "pushNotificationConfig");
            json.WriteString("url", notify.Url.AbsoluteUri);
            json.WriteString("token", notify.Secret);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static byte[] Request(string id, string method, Action<Utf8JsonWriter> parameters)
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
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
