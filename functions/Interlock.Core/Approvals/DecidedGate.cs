using System.Collections.Immutable;
using Interlock.Core.Runs;

namespace Interlock.Core.Approvals;

/// <summary>How a gate of a workflow ended and who decided what.</summary>
public sealed record DecidedGate(GateId Gate, string Workflow, string Task, GateOutcome Outcome, bool IsEdited, string? Choice, DateTimeOffset ClosedAt, ImmutableArray<DecidedVote> Votes)
{
    internal static DecidedGate Of(Gate gate, string workflow, DateTimeOffset closedAt)
    {
        var editors = gate.Changes.Where(change => change.Kind == GateChangeKind.Edited).Select(change => change.By).ToHashSet(StringComparer.Ordinal);
        return new(gate.Id, workflow, gate.Request.Task.Name, gate.Outcome ?? GateOutcome.Withdrawn, !gate.Edited.IsEmpty, gate.Choice, closedAt,
            [.. gate.StandingVotes.Select(vote => new DecidedVote(vote.By, Word(gate, vote, editors.Contains(vote.By))))]);
    }

    private static string Word(Gate gate, Vote vote, bool isEditor) => (vote.Approves, gate.Outcome) switch
    {
        (true, _) when isEditor => "edited",
        (true, _) => "accepted",
        (false, GateOutcome.Returned) => "returned",
        _ => "rejected",
    };
}

/// <summary>One person's part: accepted, edited, rejected or returned.</summary>
public sealed record DecidedVote(string By, string What);
