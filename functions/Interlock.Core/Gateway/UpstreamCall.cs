using Interlock.Core.Agents;
using Interlock.Core.Gateway.Callbacks;

namespace Interlock.Core.Gateway;

/// <summary>
/// One call. <see cref="Arguments"/> are the frozen canonical bytes of a JSON object: exactly these bytes are sent.
/// <see cref="IdempotencyKey"/> travels as <c>_meta["interlock/idempotencyKey"]</c> (A2A: the message id and metadata);
/// <see cref="Deadline"/> is absolute; <see cref="TraceParent"/> is W3C trace context.
/// </summary>
public sealed record UpstreamCall(
    UpstreamEndpoint Endpoint,
    string Tool,
    ReadOnlyMemory<byte> Arguments,
    string IdempotencyKey,
    DateTimeOffset Deadline,
    string? TraceParent)
{
    /// <summary>Who waits for it; null for runs.</summary>
    public CallerLink? Link { get; init; }

    /// <summary>The run that calls; null for clients.</summary>
    public RunId? Run { get; init; }

    /// <summary>Whose authority it has: connections, sessions and tokens of one subject are never another's where the endpoint's authentication depends on the caller.</summary>
    public string? Subject { get; init; }

    /// <summary>What an agent calls back with; null for everything that does not.</summary>
    public RunAccess? Access { get; init; }

    /// <summary>Where an agent that can may say that its task moved.</summary>
    public NotifyTarget? Notify { get; init; }

    /// <summary>Of an agent that paused: where it goes on, and with what. The arguments are what it was first called with.</summary>
    public AgentResume? Resume { get; init; }

    /// <summary>Whether a server of 2025-11-25 is to make a task of it; see <see cref="CallContract.IsTask"/>.</summary>
    public bool AsTask { get; init; }

    /// <summary>The handle of a task that an earlier call got: it is asked how that stands, and nothing is called.</summary>
    public string? Task { get; init; }

    /// <summary>
    /// The locks that its run holds, by name, each with the number of its grant, which travel as <c>_meta["interlock/fence"]</c> (A2A: metadata): of one name every grant has a higher number than those
    /// before, so that who is called can refuse a call that comes late.
    /// </summary>
    public IReadOnlyList<CallLock> Locks { get; init; } = [];

    /// <summary>With a task: it is to end. <see cref="UpstreamResult.Completed"/> says that it had ended already; anything else leaves open what it did.</summary>
    public bool Stop { get; init; }
}
