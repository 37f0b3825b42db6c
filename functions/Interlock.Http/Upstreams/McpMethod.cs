using Interlock.Core.Gateway;

namespace Interlock.Http.Upstreams;

/// <summary>The MCP method that a target's calls are. <see cref="Named"/> is the parameter that the header <c>Mcp-Name</c> repeats, <see cref="Listed"/> the member of a list that comes in pages.</summary>
internal sealed record McpMethod(string Name, string? Named = null, string? Listed = null)
{
    public static McpMethod ListTools { get; } = new("tools/list", Listed: "tools");

    public static McpMethod ListPrompts { get; } = new("prompts/list", Listed: "prompts");

    private static McpMethod CallTool { get; } = new("tools/call", "name");

    private static McpMethod ListResources { get; } = new("resources/list", Listed: "resources");

    private static McpMethod ListTemplates { get; } = new("resources/templates/list", Listed: "resourceTemplates");

    private static McpMethod ReadResource { get; } = new("resources/read", "uri");

    private static McpMethod GetPrompt { get; } = new("prompts/get", "name");

    private static McpMethod Complete { get; } = new("completion/complete");

    public bool IsTool => this == CallTool;

    /// <summary>The method of a tool's name or of one of <see cref="UpstreamOperations"/>.</summary>
    public static McpMethod Of(string target) => target switch
    {
        UpstreamOperations.ListResources => ListResources,
        UpstreamOperations.ListTemplates => ListTemplates,
        UpstreamOperations.ReadResource => ReadResource,
        UpstreamOperations.GetPrompt => GetPrompt,
        UpstreamOperations.Complete => Complete,
        _ => CallTool,
    };
}
