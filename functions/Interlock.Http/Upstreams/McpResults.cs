using Interlock.Core.Agents;
using Interlock.Core.Gateway;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>Reads the results of methods: whole, as they are relayed, but for what belongs to this hop alone.</summary>
internal static class McpResults
{
    private const string ProtocolMeta = "io.modelcontextprotocol/";

    /// <summary>The members that each kind of content block must have, as strings.</summary>
    private static readonly Dictionary<string, string[]> Blocks = new(StringComparer.Ordinal)
    {
        ["text"] = ["text"],
        ["image"] = ["data", "mimeType"],
        ["audio"] = ["data", "mimeType"],
        ["resource_link"] = ["uri", "name"],
        ["resource"] = [],
    };

    /// <summary>
    /// A result of <c>tools/call</c>. One that no client could read makes no sense: kinds of content that are not known yet go on as they are. A tool that is an agent and
    /// can call back <paramref name="mayPause"/>: it fails with the handle of the callback that needs an approval.
    /// </summary>
    public static UpstreamResult OfTool(JsonValue result, bool mayPause = false)
    {
        if (!result.IsObject) return Garbled("The result is no object.");
        if (result["isError"] is { IsBoolean: false, IsNull: false }) return Garbled("isError is neither true nor false.");
        if (result["content"] is { IsArray: false }) return Garbled("The content is no array.");
        if (result["content"] is null && result["structuredContent"] is null or { IsNull: true }) return Garbled("The result has neither structuredContent nor content.");
        if (result["content"] is { } content && content.Items.Select(Flaw).FirstOrDefault(flaw => flaw is not null) is { } flaw) return Garbled(flaw);
        if (result["structuredContent"] is { IsNull: true }) result = result.Without("structuredContent");
        var completed = MethodResult.Completed(Relayed(result), result["isError"] == JsonValue.True);
        return mayPause && completed.IsError && result["_meta"]?[AgentPause.Meta]?.StringOrNull() is { } handle && Ids.IsHex32(handle)
            ? completed with { Problem = AgentPause.Problem(new AgentPause(handle, null, null)) }
            : completed;
    }

    /// <summary>A result of any other method.</summary>
    public static UpstreamResult OfOperation(JsonValue result) =>
        result.IsObject ? MethodResult.Completed(Relayed(result), isError: false) : Garbled("The result is no object.");

    /// <summary>Without <c>resultType</c> and the protocol's own <c>_meta</c>.</summary>
    public static JsonValue Relayed(JsonValue result)
    {
        result = result.Without("resultType");
        if (result["_meta"] is not { } meta) return result;
        if (!meta.IsObject) return result.Without("_meta");
        foreach (var (name, _) in meta.Members)
            if (name.StartsWith(ProtocolMeta, StringComparison.Ordinal)) meta = meta.Without(name);
        return meta.Count == 0 ? result.Without("_meta") : result.With("_meta", meta);
    }

    private static string? Flaw(JsonValue block)
    {
        if (block["type"]?.StringOrNull() is not { } type) return "A block of the content has no type.";
        if (Blocks.TryGetValue(type, out var members) && members.FirstOrDefault(member => block[member] is not { IsString: true }) is { } missing) return $"A block of type {type} has no {missing}.";
        return type != "resource" || IsContents(block["resource"]) ? null : "An embedded resource has no uri, or neither text nor blob.";
    }

    private static bool IsContents(JsonValue? resource) => resource?["uri"] is { IsString: true } && (resource["text"] is { IsString: true } || resource["blob"] is { IsString: true });

    private static UpstreamResult.Unknown Garbled(string why) => UpstreamFailures.Of(new JsonRpcReply.Garbled(why));
}
