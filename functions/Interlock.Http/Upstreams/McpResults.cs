using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>Reads the result of <c>tools/call</c>.</summary>
internal static class McpResults
{
    public static UpstreamResult Read(JsonValue result)
    {
        if (result["resultType"]?.StringOrNull() is { } type and not "complete")
            return new UpstreamResult.Unknown(new(
                ProblemTypes.Communication, 502, "The tool did not finish",
                $"It answered {type}, which is not relayed; call a tool that completes in one answer.")
            {
                Rule = "input-required",
            });

        var isError = result["isError"] is { } flag && flag.IsBoolean && flag.AsBoolean();
        if (result["structuredContent"] is { IsNull: false } structured) return new UpstreamResult.Completed(structured, isError);
        if (result["content"] is not { IsArray: true } content)
            return UpstreamFailures.Of(new JsonRpcReply.Garbled("The result has neither structuredContent nor content."));
        var output = content.Count == 1 && content[0]?["type"]?.StringOrNull() == "text" && content[0]?["text"] is { IsString: true } text
            ? text
            : content;
        return new UpstreamResult.Completed(output, isError);
    }
}
