using Interlock.Core.Identity;

namespace Interlock.Core.Registry.Changes;

public enum ProposalState
{
    Open,

    /// <summary>Approved, and being applied: by who has the claim, and when that has lapsed by whoever takes it up.</summary>
    Approved,

    Applied,

    /// <summary>Approved, and refused by the registry.</summary>
    Failed,

    Rejected,
}

/// <summary>
/// A change that waits for a second person. <see cref="Digest"/> is of the request as it is shown; <see cref="Basis"/> of the entries it is about as they were: it is applied to
/// those or to none.
/// </summary>
public sealed record Proposal(string Id, Principal By, RegistryRequest Request, string Digest, string Basis, DateTimeOffset At, DateTimeOffset ExpiresAt)
{
    public ProposalState State { get; init; }

    public string? DecidedBy { get; init; }

    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>What the second person said, or why the registry refused it.</summary>
    public string? Reason { get; init; }

    /// <summary>The break-glass under which whoever proposed it approved it alone.</summary>
    public string? BreakGlass { get; init; }

    /// <summary>Until when whoever applies it is waited for; null where nobody does.</summary>
    public DateTimeOffset? ClaimedUntil { get; init; }

    /// <summary>How often its application was begun.</summary>
    public int Tries { get; init; }

    public bool IsOpen(DateTimeOffset now) => State == ProposalState.Open && now < ExpiresAt;
}
