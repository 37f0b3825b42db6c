using System.Collections.Immutable;
using Interlock.Core.Approvals;
using Interlock.Core.Policy;

namespace Interlock.Core.Notices;

/// <summary>What a channel's receiver understands.</summary>
public enum NoticeChannelKind
{
    /// <summary>A Workflows webhook of Teams: an Adaptive Card.</summary>
    Teams,

    /// <summary>A relay that makes an e-mail of JSON.</summary>
    Email,

    /// <summary>A signed CloudEvent.</summary>
    Webhook,
}

/// <summary>A way to reach people, as the operator configured it. The address and the key are secrets: only the name is ever shown.</summary>
public sealed record NoticeChannel(string Name, NoticeChannelKind Kind, Uri Address)
{
    /// <summary>Gates that ask one of these are announced here; empty: every gate.</summary>
    public ImmutableArray<Approver> For { get; init; } = [];

    /// <summary>Whether a gate's end is announced too.</summary>
    public bool TellsClosing { get; init; }

    /// <summary>Whom an e-mail goes to.</summary>
    public ImmutableArray<string> To { get; init; } = [];

    /// <summary>The key that messages are signed with; null: they are not.</summary>
    public ImmutableArray<byte>? Key { get; init; }

    public bool Wants(Gate gate, string what) =>
        (what == NoticeEvents.Opened || TellsClosing) && !gate.Request.Approvers.IsEmpty && (For.IsEmpty || gate.Request.Requirements.SelectMany(requirement => requirement.Approvers).Any(For.Contains));

    public override string ToString() => Name;
}
