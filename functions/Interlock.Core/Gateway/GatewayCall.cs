using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Endpoints;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>
/// One call to a tool or agent, whoever asks. <see cref="Effect"/> identifies it for ever: the same effect is executed once, however often it is
/// asked for. Without a <see cref="Site"/> it is a client's own call.
/// </summary>
public sealed record GatewayCall(
    EffectId Effect, ActorChain Chain, TargetKind Kind, string Target, string? Version, JsonValue Arguments, DateTimeOffset Deadline)
{
    public CallSite? Site { get; init; }

    /// <summary>Whether the effect was drawn at random for this very call: then no ledger can know it yet, and none is asked.</summary>
    public bool IsNew { get; init; }

    /// <summary>The approved gate whose grant it spends.</summary>
    public GateId? Grant { get; init; }

    /// <summary>Whether its document puts it behind a gate: then it needs a grant even where policy allows it.</summary>
    public bool RequiresGrant { get; init; }

    public bool IsCompensation { get; init; }
    public string? IdempotencyKey { get; init; }
    public InDoubtAction OnInDoubt { get; init; }
    public string? TraceParent { get; init; }

    /// <summary>When its run first asked for it. From before the store was restored, a call without a recorded outcome may have happened.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>Whether its run waits for it no more: what goes on at an upstream is asked to stop.</summary>
    public bool IsAbandoned { get; init; }

    /// <summary>The client that waits for it; null for runs.</summary>
    public CallerLink? Link { get; init; }

    /// <summary>The locks that its run holds around it: it leaves only while they are the run's, and the tool learns their numbers.</summary>
    public ImmutableArray<CallLock> Locks { get; init; } = [];

    /// <summary>How many bytes of the result are handed on at most, where that is less than the target's own limit.</summary>
    public int? ReferenceAbove { get; init; }

    /// <summary>The capability or route that led it to its target.</summary>
    public string? Via { get; init; }

    /// <summary>What it is of a conversation with a chat agent; such an agent is called in no other way.</summary>
    public ConversationStep Step { get; init; }

    /// <summary>Of a call of an agent that is a tool: that tool.</summary>
    public string? Tool { get; init; }

    /// <summary>Of an agent that paused: what was decided since.</summary>
    public AgentResume? Resume { get; init; }

    public TenantId Tenant => Chain.Tenant;

    /// <summary>Whether somebody waits for the answer at <c>/mcp</c>: a client, or an agent of a run. A run's own calls are asked after.</summary>
    internal bool HasClient => Site is null or { Under: not null };

    /// <summary>Whether a run asked by the DSL's own call, whose output is the whole result of the method.</summary>
    internal bool IsWhole => Via is not null && EndpointTarget.TryParse(Via) is EndpointTarget.Mcp or EndpointTarget.A2a;

    /// <summary>The call to where it went before: a repeat goes the same way.</summary>
    internal GatewayCall LedAs(LedgerRow row) => row.Via is null ? this : this with { Via = row.Via, Target = row.Target, Version = row.Range };
}

/// <summary>Where in which run a call stands.</summary>
public sealed record CallSite(RunId Run, WorkflowRef Workflow, TaskPath Task, FrameId Frame)
{
    /// <summary>Of a call that an agent elsewhere makes at <c>/mcp</c>: the call of that agent.</summary>
    public AgentCall? Under { get; init; }
}

/// <summary>A lock that a call is made under: the command that holds it, and the number of its grant.</summary>
public sealed record CallLock(EffectId Holder, string Name, long Fence)
{
    /// <summary>Those that a run holds around a frame.</summary>
    public static ImmutableArray<CallLock> Around(RunState run, FrameId frame) => [.. run.LocksAround(frame).Select(held => new CallLock(held.Key, held.Value.Name, held.Value.Fence))];
}
