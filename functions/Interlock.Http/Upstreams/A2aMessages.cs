using System.Buffers;
using System.Text.Json;
using Interlock.Core;
using Interlock.Core.Endpoints;
using Interlock.Core.Gateway;
using Interlock.Http.Mcp;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>A2A 0.3's JSON-RPC: writes requests, reads messages and tasks.</summary>
internal static class A2aMessages
{
    /// <summary><c>message/send</c> with one data part that holds the arguments byte for byte, or with the parts that the arguments are; the idempotency key is the message's id.</summary>
    public static byte[] Send(string id, UpstreamCall call)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            Begin(json, id, "message/send");
            json.WriteStartObject("message");
            json.WriteString("kind", "message");
            json.WriteString("role", "user");
            json.WriteString("messageId", call.IdempotencyKey);
            WriteParts(json, call);
            json.WriteStartObject("metadata");
            json.WriteString("interlock/idempotencyKey", call.IdempotencyKey);
            json.WriteString(CallDeadlines.Meta, CallDeadlines.Write(call.Deadline));
            FenceMeta.Write(json, call);
            if (call.TraceParent is not null) json.WriteString("traceparent", call.TraceParent);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("configuration");
            json.WriteBoolean("blocking", true);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteParts(Utf8JsonWriter json, UpstreamCall call)
    {
        if (call.Tool == EndpointTarget.A2a.Method)
        {
            json.WritePropertyName("parts");
            json.WriteRawValue(CanonicalJson.Serialize(StrictJson.Parse(call.Arguments.Span)["parts"] ?? JsonValue.EmptyArray), skipInputValidation: true);
            return;
        }
        json.WriteStartArray("parts");
        json.WriteStartObject();
        json.WriteString("kind", "data");
        json.WritePropertyName("data");
        json.WriteRawValue(call.Arguments.Span, skipInputValidation: true); // canonical bytes, as they are
        json.WriteEndObject();
        json.WriteEndArray();
    }

    /// <summary><c>tasks/get</c> or <c>tasks/cancel</c>.</summary>
    public static byte[] OfTask(string id, string method, string task)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            Begin(json, id, method);
            json.WriteString("id", task);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The id of a task that is still being worked on, else null.</summary>
    public static string? RunningTask(JsonValue result) =>
        State(result) is "submitted" or "working" ? result["id"]?.StringOrNull() : null;

    /// <summary>How a call ended; of one that gave the parts of its message the output is the whole message or task.</summary>
    public static UpstreamResult Read(UpstreamCall call, JsonValue result) => Read(result) switch
    {
        UpstreamResult.Completed done when call.Tool == EndpointTarget.A2a.Method => done with { Output = result },
        var other => other,
    };

    private static UpstreamResult Read(JsonValue result) => result["kind"]?.StringOrNull() switch
    {
        "message" => Completed(result["parts"], isError: false),
        "task" => State(result) switch
        {
            "completed" => Completed(TaskParts(result), isError: false),
            "rejected" => new UpstreamResult.Rejected(Problem("The agent rejected the task", result)),
            "failed" or "canceled" => Completed(TaskParts(result), isError: true),
            "input-required" or "auth-required" => new UpstreamResult.Completed(Paused(result), IsError: true),
            var state => Garbled($"The task's state is {state ?? "missing"}."),
        },
        _ => Garbled("The result is neither a message nor a task."),
    };

    private static void Begin(Utf8JsonWriter json, string id, string method)
    {
        json.WriteStartObject();
        json.WriteString("jsonrpc", "2.0");
        json.WriteString("id", id);
        json.WriteString("method", method);
        json.WriteStartObject("params");
    }

    private static string? State(JsonValue result) => result["status"]?["state"]?.StringOrNull();

    /// <summary>The parts of all artifacts; without artifacts those of the status message.</summary>
    private static JsonValue? TaskParts(JsonValue task)
    {
        if (task["artifacts"] is not { IsArray: true, Count: > 0 } artifacts) return task["status"]?["message"]?["parts"] ?? JsonValue.EmptyArray;
        return JsonValue.Array(artifacts.Items.SelectMany(artifact => (artifact["parts"] is { IsArray: true } parts ? parts : JsonValue.EmptyArray).Items));
    }

    private static UpstreamResult Completed(JsonValue? parts, bool isError)
    {
        if (parts is not { IsArray: true }) return Garbled("The answer has no parts.");
        var data = parts.Items.FirstOrDefault(part => part["kind"]?.StringOrNull() == "data" && part["data"] is not null);
        return new UpstreamResult.Completed(data?["data"] ?? Text(parts), isError);
    }

    private static JsonValue Text(JsonValue parts) =>
        string.Join('\n', parts.Items.Where(part => part["kind"]?.StringOrNull() == "text").Select(part => part["text"]?.StringOrNull() ?? ""));

    /// <summary>What is needed to go on with a paused task: its ids, its state and what the agent asks.</summary>
    private static JsonValue Paused(JsonValue task) => JsonValue.Object(
        ("state", State(task) ?? ""),
        ("taskId", task["id"] ?? JsonValue.Null),
        ("contextId", task["contextId"] ?? JsonValue.Null),
        ("message", task["status"]?["message"]?["parts"] is { IsArray: true } parts ? Text(parts) : ""));

    private static Problem Problem(string title, JsonValue task) =>
        new(ProblemTypes.Communication, 502, title, task["status"]?["message"]?["parts"] is { IsArray: true } parts ? Text(parts).AsString() : null);

    private static UpstreamResult.Unknown Garbled(string why) => UpstreamFailures.Of(new JsonRpcReply.Garbled(why));
}
