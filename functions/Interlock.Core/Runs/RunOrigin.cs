using System.Text.Json.Serialization;
using Interlock.Core.Identity;

namespace Interlock.Core.Runs;

/// <summary>
/// On whose authority a run acts and why it exists: the starter as validated when it started, the workflow's owner, what
/// triggered it (<c>api</c>, <c>mcp</c>, <c>cli</c>, <c>event</c>) and who else counts as its initiator (an event's subject, whoever re-ran it).
/// </summary>
public sealed record RunOrigin(Principal Starter, string? WorkflowOwner, string Trigger)
{
    /// <summary>Subjects besides the starter that may not decide where the initiator is excluded.</summary>
    public IReadOnlyList<string> Initiators { get; init; } = [];

    /// <summary>The W3C traceparent the run continues, if it has one.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The run that started this one, by a task or an event of it; null at the root.</summary>
    public RunId? Parent { get; init; }

    /// <summary>How many runs, one the cause of the next, led to this one; bounded by <see cref="RunLimits.Causation"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Depth { get; init; }

    /// <summary>Subjects whose authority it may not exceed either: owners of the workflows whose runs led to it, and who else published the events that started it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Behind { get; init; }

    /// <summary>When the run must have ended, because its parent will; null for no such time.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Everyone on whose authority a call of the run is made.</summary>
    /// <param name="agent">The agent that chose it, if one did.</param>
    /// <param name="agentsBehind">The agents whose loops led to that agent's, outermost first.</param>
    public ActorChain Chain(string? agent = null, IReadOnlyList<string>? agentsBehind = null) => new(Starter, WorkflowOwner, agent) { Behind = [.. Behind ?? [], .. Subjects(agentsBehind)] };

    /// <summary>The origin of a run that this one, or agents in it, cause: for the same starter, never with more authority than they have, and one deeper.</summary>
    public RunOrigin Causes(RunId run, string trigger, IReadOnlyList<string>? agents = null) => new(Starter, null, trigger)
    {
        Initiators = Initiators,
        TraceParent = TraceParent,
        Parent = run,
        Depth = Depth + 1,
        Behind = WorkflowOwner is null && agents is null ? Behind : [.. (Behind ?? []).Concat(WorkflowOwner is null ? [] : [WorkflowOwner]).Concat(Subjects(agents)).Distinct(StringComparer.Ordinal)],
    };

    private static IEnumerable<string> Subjects(IReadOnlyList<string>? agents) => (agents ?? []).Select(agent => ActorChain.AgentPrefix + agent);
}
