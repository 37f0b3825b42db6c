using System.Globalization;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// What calls come to, as results of <c>tools/call</c>. What an upstream answered is relayed as it is; a failure or refusal of ours is an <c>isError</c> result
/// that holds the whole problem.
/// </summary>
internal static class CallResults
{
    private const int PollAfterSeconds = 10;

    /// <param name="result">How the call ended; not that input is required.</param>
    /// <param name="contract">The tool as clients see it.</param>
    public static JsonValue Of(GatewayResult result, JsonValue contract) => result switch
    {
        GatewayResult.Completed { Result: { } relayed } => relayed,
        GatewayResult.Completed done => Of(done.Output),
        GatewayResult.Failed { Result: { } relayed } => relayed.With("isError", true),
        GatewayResult.Failed failed => Fit(contract, Of(failed.Problem)),
        GatewayResult.Refused refused => Fit(contract, Of(refused.Refusal.ToProblem())),
        GatewayResult.InDoubt doubt => Fit(contract, Of(doubt.Problem)),
        GatewayResult.UnderWay => Fit(contract, Of(new Problem(ProblemTypes.Conflict, 409, "The call is being made", "Another request made this call and waits for its answer; ask again with the same key.") { Stage = "commit", Rule = "effect-claimed" })),
        _ => throw new InvalidOperationException($"Unexpected {result.GetType().Name}."),
    };

    public static JsonValue Of(Problem problem) => Of(problem, problem.ToJson());

    /// <summary>A problem with more to it.</summary>
    public static JsonValue Of(Problem problem, JsonValue structured) => JsonValue.Object(("content", Text(Sentence(problem))), ("structuredContent", structured), ("isError", true));

    /// <summary>
    /// A problem as the tool's contract allows it: clients check structured content against the output schema, of errors too, and throw away what does not
    /// match. A problem of a tool that has one is in words and in <c>_meta["interlock/problem"]</c>.
    /// </summary>
    public static JsonValue Fit(JsonValue contract, JsonValue result)
    {
        if (result["isError"] is null || result["structuredContent"] is not { } problem || contract["outputSchema"] is null) return result;
        return result.Without("structuredContent").With("_meta", (result["_meta"] ?? JsonValue.EmptyObject).With("interlock/problem", problem));
    }

    /// <summary>A refusal to an agent elsewhere of what people may still approve: with the handle that it pauses with.</summary>
    public static JsonValue Paused(JsonValue contract, Problem refusal, string handle)
    {
        refusal = refusal with
        {
            Detail = $"It was not called and nothing was done: it needs an approval. End your task as input-required with {AgentPause.Meta} = {handle} in the metadata of its status; people are asked then, and you are called again with what they decided. Approved, make exactly this call again.",
        };
        var told = Fit(contract, Of(refusal, refusal.ToJson().With(AgentPause.Meta, handle)));
        return told.With("_meta", (told["_meta"] ?? JsonValue.EmptyObject).With(AgentPause.Meta, handle));
    }

    /// <summary>The call goes on: a result, not an error, that says where to ask for the tool's.</summary>
    public static JsonValue Working(CallHandle handle)
    {
        var status = JsonValue.Object(
            ("status", "working"),
            ("handle", handle.Effect.Value),
            ("tool", handle.Name),
            ("startedAt", handle.StartedAt.ToString("O", CultureInfo.InvariantCulture)),
            ("deadline", handle.Deadline.ToString("O", CultureInfo.InvariantCulture)),
            ("pollAfterSeconds", PollAfterSeconds));
        var text = $"{handle.Name} is still working. Do not call it again: call {CallHandles.StatusTool} with {{\"handle\":\"{handle.Effect}\"}} in about {PollAfterSeconds} seconds to get its result.";
        return JsonValue.Object(("content", Text(text)), ("structuredContent", status));
    }

    /// <summary>An object is structured content; content blocks go on as they came; anything else is text.</summary>
    public static JsonValue Of(JsonValue output)
    {
        if (output.IsObject) return JsonValue.Object(("content", Text(output.ToString())), ("structuredContent", output));
        return JsonValue.Object(("content", AreBlocks(output) ? output : Text(output.StringOrNull() ?? output.ToString())));
    }

    public static JsonValue Text(string text) => JsonValue.Array(JsonValue.Object(("type", "text"), ("text", text)));

    /// <summary>Whether a list can only be one of content blocks: it may also be a list of the tool's own that has members called type.</summary>
    private static bool AreBlocks(JsonValue output) => output.IsArray && output.Count > 0 && output.Items.All(item => item["type"]?.StringOrNull() switch
    {
        "text" => item["text"] is { IsString: true },
        "image" or "audio" => item["data"] is { IsString: true } && item["mimeType"] is { IsString: true },
        "resource" => item["resource"]?["uri"] is { IsString: true },
        "resource_link" => item["uri"] is { IsString: true } && item["name"] is { IsString: true },
        _ => false,
    });

    private static string Sentence(Problem problem)
    {
        var rule = problem.Rule is null ? "" : $" ({problem.Stage}: {problem.Rule})";
        return $"{problem.Title}{rule}. {problem.Detail}".TrimEnd();
    }
}
