using System.Globalization;
using System.Text.Json;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Mcp;

/// <summary>What calls come to, as results of <c>tools/call</c>. A failure or refusal is an <c>isError</c> result that holds the whole problem.</summary>
internal static class CallResults
{
    private const int PollAfterSeconds = 10;

    public static CallToolResult Of(GatewayResult result) => result switch
    {
        GatewayResult.Completed done => Of(done.Output),
        GatewayResult.Failed failed => Of(failed.Problem),
        GatewayResult.Refused refused => Of(refused.Refusal.ToProblem()),
        GatewayResult.InDoubt doubt => Of(doubt.Problem),
        GatewayResult.UnderWay => Of(new Problem(ProblemTypes.Conflict, 409, "The call is being made", "Another request made this call and waits for its answer; ask again with the same key.") { Stage = "commit", Rule = "effect-claimed" }),
        _ => throw new InvalidOperationException($"Unexpected {result.GetType().Name}."),
    };

    public static CallToolResult Of(Problem problem) => Of(problem, problem.ToJson());

    /// <summary>A problem with more to it.</summary>
    public static CallToolResult Of(Problem problem, JsonValue structured) => new()
    {
        IsError = true,
        StructuredContent = ToolNames.Element(structured),
        Content = [new TextContentBlock { Text = Sentence(problem) }],
    };

    /// <summary>
    /// The result as the tool's contract allows it: clients check structured content against the output schema, of errors too, and throw away what does not
    /// match. A problem of a tool that has one is in words and in <c>_meta["interlock/problem"]</c>.
    /// </summary>
    public static CallToolResult Fit(Tool tool, CallToolResult result)
    {
        if (result is not { IsError: true, StructuredContent: { } problem } || tool.OutputSchema is null) return result;
        result.Meta ??= [];
        result.Meta["interlock/problem"] = System.Text.Json.Nodes.JsonNode.Parse(problem.GetRawText());
        result.StructuredContent = null;
        return result;
    }

    /// <summary>The call goes on: a result, not an error, that says where to ask for the tool's.</summary>
    public static CallToolResult Working(CallHandle handle)
    {
        var status = JsonValue.Object(
            ("status", "working"),
            ("handle", handle.Effect.Value),
            ("tool", handle.Name),
            ("startedAt", handle.StartedAt.ToString("O", CultureInfo.InvariantCulture)),
            ("deadline", handle.Deadline.ToString("O", CultureInfo.InvariantCulture)),
            ("pollAfterSeconds", PollAfterSeconds));
        var text = $"{handle.Name} is still working. Do not call it again: call {CallHandles.StatusTool} with {{\"handle\":\"{handle.Effect}\"}} in about {PollAfterSeconds} seconds to get its result.";
        return new() { StructuredContent = ToolNames.Element(status), Content = [new TextContentBlock { Text = text }] };
    }

    /// <summary>An object is structured content; content blocks go on as they came; anything else is text.</summary>
    public static CallToolResult Of(JsonValue output)
    {
        if (output.IsObject) return new() { StructuredContent = ToolNames.Element(output), Content = [new TextContentBlock { Text = output.ToString() }] };
        if (output.IsArray && Blocks(output) is { } blocks) return new() { Content = blocks };
        return new() { Content = [new TextContentBlock { Text = output.StringOrNull() ?? output.ToString() }] };
    }

    private static List<ContentBlock>? Blocks(JsonValue output)
    {
        if (output.Count == 0 || output.Items.Any(item => item["type"]?.StringOrNull() is null)) return null;
        try
        {
            return JsonSerializer.Deserialize<List<ContentBlock>>(output.ToString(), McpJsonUtilities.DefaultOptions);
        }
        catch (JsonException)
        {
            return null; // a list of the tool's own that has members called type
        }
    }

    private static string Sentence(Problem problem)
    {
        var rule = problem.Rule is null ? "" : $" ({problem.Stage}: {problem.Rule})";
        return $"{problem.Title}{rule}. {problem.Detail}".TrimEnd();
    }
}
