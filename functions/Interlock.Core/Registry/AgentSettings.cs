using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Core.Agents;

namespace Interlock.Core.Registry;

public enum AgentProtocol
{
    /// <summary>An Agent2Agent agent, with a card of its own.</summary>
    A2a,

    /// <summary>A tool of a registered MCP server that is an agent: <see cref="AgentSettings.Tool"/>.</summary>
    Mcp,

    /// <summary>A model behind an OpenAI-compatible endpoint; its loop is ours.</summary>
    Chat,
}

/// <summary>The operator's word on one version of an agent. It never changes: other settings are another version.</summary>
public sealed record AgentSettings
{
    public static AgentSettings None { get; } = new();

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public AgentProtocol Protocol { get; init; }

    /// <summary>What a planner is told of it.</summary>
    public string? Description { get; init; }

    public ImmutableArray<string> Tags { get; init; } = [];

    public UpstreamAuth? Auth { get; init; }

    /// <summary>Of an MCP agent: the tool, <c>server/tool</c>.</summary>
    public string? Tool { get; init; }

    /// <summary>Of a chat agent: the model that its endpoint is asked for.</summary>
    public string? Model { get; init; }

    /// <summary>Of a chat agent: what it is told before anything else.</summary>
    public string? Instructions { get; init; }

    /// <summary>Its answers are the operator's own data, as a tool's <see cref="ToolSettings.Trusted"/> says of results.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Trusted { get; init; }

    /// <summary>
    /// What the agent may use when a workflow calls it: of a chat agent what its model chooses from, of an agent elsewhere what the run token names that it is given. Empty for none.
    /// </summary>
    public PoolRequest Pool { get; init; } = PoolRequest.None;

    public AgentLimits Limits { get; init; } = AgentLimits.Default;

    public ContextPolicy Context { get; init; } = ContextPolicy.Default;

    public TokenPrices? Prices { get; init; }

    /// <summary>Output tokens that one turn may have; null leaves it to the endpoint.</summary>
    public int? MaxOutputTokens { get; init; }
}
