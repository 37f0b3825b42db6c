using Interlock.Core.Agents;

namespace Interlock.Core.Workflows;

/// <summary>A planner that works towards a goal with what is in its pool, and with nothing else.</summary>
public sealed record AutonomousTask : TaskDefinition
{
    /// <summary>What the planner is asked for: a text, or any value, which it is shown as JSON.</summary>
    public required Template Goal { get; init; }

    /// <summary>A registered chat agent.</summary>
    public required string Planner { get; init; }

    /// <summary>A semver range of the planner; null takes the active version.</summary>
    public string? PlannerVersion { get; init; }

    /// <summary>What it may choose. What the planner's registration says of a pool counts for its calls as an agent, not here.</summary>
    public required PoolRequest Pool { get; init; }

    public required AgentLimits Limits { get; init; }

    /// <summary>Null takes the planner's own.</summary>
    public ContextPolicy? Context { get; init; }

    public ExhaustedAction OnExhausted { get; init; }

    /// <summary>Who is asked about a guarded call; null asks whom policy names. What they decide is held to what policy asks for all the same.</summary>
    public StepEscalation? Approval { get; init; }
}

/// <summary>What happens when a limit of the loop is reached.</summary>
public enum ExhaustedAction
{
    /// <summary>The task fails with the error <c>exhausted</c>, which names the limit.</summary>
    Fail,

    /// <summary>The planner is asked once more, with nothing to choose from, for what it has; if that fails, the task does.</summary>
    Answer,
}
