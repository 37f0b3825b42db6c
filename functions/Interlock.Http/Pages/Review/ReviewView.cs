using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Registry;
using Interlock.Core.Runs;

namespace Interlock.Http.Pages.Review;

/// <summary>All that the page shows of a gate to one person, read at one moment.</summary>
internal sealed record ReviewView(Gate Gate, DateTimeOffset Now, RegistrySnapshot Registry)
{
    /// <summary>What makes the person an approver who can decide now.</summary>
    public Seat.Given? Seat { get; init; }

    /// <summary>What the person has decided here, if it stands.</summary>
    public Vote? Own { get; init; }

    /// <summary>Why the person can't decide now, where there is anything to decide.</summary>
    public Html WhyNot { get; init; }

    public bool MayReassign { get; init; }

    /// <summary>Whether the person may read the run's own page.</summary>
    public bool MayReadRun { get; init; }

    /// <summary>The run as it stands; null for a client's own call.</summary>
    public RunState? Run { get; init; }

    /// <summary>The last steps of the run that ended, oldest first, and how many came before them.</summary>
    public IReadOnlyList<AuditRecord> Steps { get; init; } = [];

    public int EarlierSteps { get; init; }

    /// <summary>For each call, the last one of its task that was approved.</summary>
    public IReadOnlyList<(Gate Gate, BoundCall Call)?> LastApproved { get; init; } = [];

    /// <summary>The votes that count, for each choice that has any; the approval's where there are none.</summary>
    public IReadOnlyList<Standing> Standings { get; init; } = [];

    /// <summary>Who may decide now in the place of those asked: of this gate's own delegations, and of those whom it asks by name.</summary>
    public IReadOnlyList<Delegation> Delegations { get; init; } = [];

    /// <summary>The antiforgery token of the forms.</summary>
    public string Token { get; init; } = "";

    public Draft Draft { get; init; } = Draft.None;
}
