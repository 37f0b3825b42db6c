using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>What is read from a result of an MCP method, whoever reads it: the upstream's reader at first, the ledger's whenever it is asked for again.</summary>
public static class MethodResult
{
    /// <summary><c>structuredContent</c> when present, else the string of a single text block, else the content array; all of it where it has neither.</summary>
    public static JsonValue Output(JsonValue result)
    {
        if (result["structuredContent"] is { IsNull: false } structured) return structured;
        if (result["content"] is not { } content) return result;
        return content.Count == 1 && content[0]?["type"]?.StringOrNull() == "text" && content[0]?["text"] is { IsString: true } text ? text : content;
    }

    /// <summary>How a call ended whose result this is.</summary>
    public static UpstreamResult.Completed Completed(JsonValue result, bool isError) => new(Output(result), isError) { Result = result };
}
