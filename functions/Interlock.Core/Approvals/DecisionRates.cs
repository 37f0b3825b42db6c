namespace Interlock.Core.Approvals;

/// <summary>
/// How often what a workflow suggests is accepted as it stands, per workflow and per approver. Overridden is what people edited, rejected or sent back; what
/// nobody decided (expired, withdrawn) counts as asked only.
/// </summary>
public sealed record DecisionRates(IReadOnlyList<DecisionRate> Workflows, IReadOnlyList<DecisionRate> Approvers)
{
    public static DecisionRates Of(IReadOnlyCollection<DecidedGate> gates) => new(
        Group(gates.Select(gate => (gate.Workflow, Word(gate)))),
        Group(gates.SelectMany(gate => gate.Votes.Select(vote => (vote.By, vote.What)))));

    private static DecisionRate[] Group(IEnumerable<(string Of, string What)> decisions) =>
    [
        .. decisions.GroupBy(one => one.Of, one => one.What, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new DecisionRate(
            group.Key, group.Count(), group.Count(what => what == "accepted"), group.Count(what => what == "edited"), group.Count(what => what == "rejected"), group.Count(what => what == "returned"))),
    ];

    private static string Word(DecidedGate gate) => gate.Outcome switch
    {
        Runs.GateOutcome.Approved => gate.IsEdited ? "edited" : "accepted",
        Runs.GateOutcome.Rejected => "rejected",
        Runs.GateOutcome.Returned => "returned",
        _ => "undecided",
    };
}

/// <summary>Counts of one workflow's gates, or of one approver's decisions.</summary>
public sealed record DecisionRate(string Of, int Asked, int Accepted, int Edited, int Rejected, int Returned)
{
    public int Overridden => Edited + Rejected + Returned;

    /// <summary>The part of the decided that was accepted as suggested, 0 to 1; null when nothing was decided.</summary>
    public double? AcceptRate => Accepted + Overridden == 0 ? null : (double)Accepted / (Accepted + Overridden);
}
