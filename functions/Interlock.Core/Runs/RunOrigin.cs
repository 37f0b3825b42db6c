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

    public ActorChain Chain(string? agent = null) => new(Starter, WorkflowOwner, agent);
}
