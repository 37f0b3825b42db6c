using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Tasks of MCP servers: the extension <c>io.modelcontextprotocol/tasks</c> of 2026-07-28, whose <c>tasks/get</c> holds the result, and those of 2025-11-25, whose
/// result is asked for by <c>tasks/result</c>. What a task asks its caller is relayed as a call's own questions are, where it can be.
/// </summary>
internal static class McpTasks
{
    public const string Extension = "io.modelcontextprotocol/tasks";
    private const string Get = "tasks/get";
    public const string Update = "tasks/update";
    private const string Result = "tasks/result";
    private const string Cancel = "tasks/cancel";

    private static readonly TimeSpan UnstatedPoll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPoll = TimeSpan.FromMinutes(10);

    /// <summary>The task that a result of a call stands for, or null when it is a result of the call itself.</summary>
    public static UpstreamResult? Created(JsonValue result)
    {
        var task = result["resultType"]?.StringOrNull() == "task" ? result : result["task"];
        if (task is null) return null;
        return task["taskId"]?.StringOrNull() is { Length: > 0 and <= LedgerHandle.MaxTaskLength } id
            ? new UpstreamResult.Handed(id, PollAfter(task))
            : UpstreamFailures.Of(new JsonRpcReply.Garbled("Its task has no id, or an endless one."));
    }

    /// <summary>Asks how a task stands, having handed it the caller's answers if there are any.</summary>
    public static async Task<JsonRpcReply> AskAsync(McpExchange exchange, UpstreamCall call)
    {
        if (call.Link?.Answers is not null && await SendAsync(exchange, call, Update) is var taken and not JsonRpcReply.Result) return taken;
        return await SendAsync(exchange, call, Get);
    }

    /// <summary>What the state of a task comes to. One that is to stop, or asks what can't be relayed, is told to.</summary>
    public static async Task<UpstreamResult> ReadAsync(McpExchange exchange, UpstreamCall call, JsonRpcReply reply)
    {
        var read = reply is JsonRpcReply.Result { Value: var state } ? await OfStateAsync(exchange, call, state) : UpstreamFailures.Of(reply);
        if (call.Stop ? read is not UpstreamResult.Completed : read is UpstreamResult.Rejected { Problem.Type: ProblemTypes.Refused }) await SendAsync(exchange, call, Cancel);
        return read;
    }

    private static async Task<UpstreamResult> OfStateAsync(McpExchange exchange, UpstreamCall call, JsonValue state)
    {
        switch (state["status"]?.StringOrNull())
        {
            case "working" or "submitted":
                return new UpstreamResult.Handed(call.Task!, PollAfter(state)); // it is about one
            case "completed" when state["result"] is { } result:
                return McpResults.OfTool(result);
            case "failed" when state["error"] is { } error:
                return Failed(error["message"]?.StringOrNull() ?? "It failed.");
            case "cancelled":
                return Failed(state["statusMessage"]?.StringOrNull() ?? "The task was cancelled.");
            case "input_required" when state["inputRequests"] is not null:
                return call.Link?.Capabilities is null ? new UpstreamResult.InputRequired(null, null) : McpInput.Read(call, state);
            case "input_required":
                return McpInput.Rejected("input-required", "Its task asks the caller for input in a way of an older revision, which is not relayed.");
            case "completed" or "failed":
                return await SendAsync(exchange, call, Result) switch
                {
                    JsonRpcReply.Result { Value: var result } => McpResults.OfTool(result),
                    JsonRpcReply.Error { Status: System.Net.HttpStatusCode.OK } error => Failed(error.Message),
                    var other => UpstreamFailures.Of(other),
                };
            case var other:
                return UpstreamFailures.Of(new JsonRpcReply.Garbled($"The task's state is {other ?? "missing"}."));
        }
    }

    private static Task<JsonRpcReply> SendAsync(McpExchange exchange, UpstreamCall call, string method) =>
        exchange.SendAsync(id => McpRequest.OfTask(exchange.Connection, id, method, call));

    private static UpstreamResult.Completed Failed(string why) => new(JsonValue.From(why), IsError: true);

    private static TimeSpan PollAfter(JsonValue task) =>
        (task["pollIntervalMs"] ?? task["pollInterval"]) is { IsNumber: true } wanted ? TimeSpan.FromMilliseconds(Math.Clamp(wanted.AsNumber(), 0, LongestPoll.TotalMilliseconds)) : UnstatedPoll;
}
