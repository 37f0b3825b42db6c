using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// Everyone on whose authority a call is made; it is allowed only what each of them is: who started it, who owns the
/// workflow it runs in, which agent asked for it.
/// </summary>
public sealed record ActorChain(Principal Starter, string? WorkflowOwner = null, string? Agent = null)
{
    /// <summary>
    /// Subjects whose authority bounds the call besides: owners of the workflows that led to this one, who else published what started it, and the agents that chose the
    /// workflow or the agent that asks.
    /// </summary>
    public IReadOnlyList<string> Behind { get; init; } = [];

    /// <summary>What the subject of an agent begins with.</summary>
    public const string AgentPrefix = "agent:";

    /// <summary>The chain of what that agent calls: whoever asked for the agent bounds it too.</summary>
    public ActorChain For(string agent) => this with { Agent = agent, Behind = Agent is null ? Behind : [.. Behind, AgentPrefix + Agent] };

    public TenantId Tenant => Starter.Tenant;

    /// <summary>The subjects, starter first, as records name them.</summary>
    public IEnumerable<string> Subjects
    {
        get
        {
            yield return Starter.Subject;
            if (WorkflowOwner is not null) yield return WorkflowOwner;
            foreach (var subject in Behind) yield return subject;
            if (Agent is not null) yield return AgentPrefix + Agent;
        }
    }

    public JsonValue ToJson() => JsonValue.Array(Subjects.Select(JsonValue.From));
}
