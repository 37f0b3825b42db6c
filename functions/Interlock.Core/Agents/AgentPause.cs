using Interlock.Json;

namespace Interlock.Core.Agents;

/// <summary>
/// That an agent elsewhere paused because a call of it needs an approval: the handle it was given with the refusal, and where its task goes on. What the handle stands for
/// is the store's word, never the agent's.
/// </summary>
public sealed record AgentPause(string Handle, string? Task, string? Context)
{
    /// <summary>The member that agents are told a handle in, and give it back in.</summary>
    public const string Meta = "interlock/resume";

    /// <summary>How the call of an agent ends that paused there.</summary>
    public static Problem Problem(AgentPause pause) =>
        new(ProblemTypes.NeedsApproval, 403, "The agent waits for an approval", "A call that it wants needs an approval; it goes on once that is decided.") { Pause = pause };
}

/// <summary>How an agent that paused is told to go on: where it paused, and what was decided (<c>approved</c>, <c>rejected</c>, <c>expired</c>).</summary>
public sealed record AgentResume(AgentPause Pause, string Decision)
{
    /// <summary>The call that was asked about: the tool, and its arguments by digest.</summary>
    public required string Tool { get; init; }

    public required string ArgumentsDigest { get; init; }

    /// <summary>The frame that the gate grants it in.</summary>
    public required FrameId Frame { get; init; }

    /// <summary>The gate whose grant that one call spends, once approved.</summary>
    public GateId? Grant { get; init; }

    /// <summary>The arguments that people gave it, where they changed them: it is made with these.</summary>
    public JsonValue? Approved { get; init; }

    /// <summary>What the agent is told.</summary>
    public JsonValue ToJson() => JsonValue.Object((AgentPause.Meta, Pause.Handle), ("decision", Decision));

    /// <summary>Whether this call is the one that was asked about, and approved.</summary>
    public bool Grants(string tool, JsonValue arguments) => Grant is not null && Tool == tool && ArgumentsDigest == CanonicalJson.Digest(arguments);
}
