namespace Interlock.Core.Gateway;

/// <summary>
/// What an MCP server offers beside its tools, as targets of calls: <c>server/prompts:get</c> is ruled, recorded and retired like a tool. A colon is in no
/// tool's name, so they meet none. Their arguments are the method's params, their result is the method's.
/// </summary>
public static class UpstreamOperations
{
    public const string ListResources = "resources:list";
    public const string ListTemplates = "resources:templates";
    public const string ReadResource = "resources:read";
    public const string GetPrompt = "prompts:get";
    public const string Complete = "completion:complete";

    /// <summary>Whether the name of a target, with or without its server, is an operation's.</summary>
    public static bool Is(string target) => target.Contains(':');
}
