using System.Collections.Immutable;
using Interlock.Core.Runs;

namespace Interlock.Core.Approvals;

/// <summary>What a gate's row says, as the event that the interpreter folds.</summary>
public static class GateEvents
{
    /// <summary>The event, or null while the gate is open.</summary>
    public static RunEvent? Closed(Gate gate, DateTimeOffset now)
    {
        if (gate.Outcome is not { } outcome) return null;
        var decisive = gate.StandingVotes.Where(vote => vote.Approves == (outcome == GateOutcome.Approved) && (outcome != GateOutcome.Approved || vote.Choice == gate.Choice));
        ImmutableArray<string> by = outcome is GateOutcome.Approved or GateOutcome.Rejected ? [.. decisive.Select(vote => vote.By)] : [];
        return new RunEvent.GateClosed(now, gate.Id, outcome, by, gate.Votes.LastOrDefault()?.Reason)
        {
            Edited = gate.Edited,
            Information = gate.Information,
            Choice = gate.Choice,
        };
    }
}
