namespace Interlock.Core.Runs;

/// <summary>
/// An agent's choice of a call, for whoever is asked about it. Reason and goal are text that a model wrote or was given: shown as such, believed by nothing, bound by
/// the grant like all that was shown.
/// </summary>
/// <param name="Agent">The agent's name, which bounds the call's authority.</param>
/// <param name="Goal">What its loop works towards.</param>
/// <param name="Reason">Why it wants the call, as it says.</param>
/// <param name="Loop">The frame of its loop.</param>
/// <param name="Turn">Which turn of the loop chose it, from 1.</param>
/// <param name="Call">Which choice of the loop it is, from 1.</param>
public sealed record Chooser(string Agent, string Goal, string Reason, FrameId Loop, int Turn, int Call)
{
    /// <summary>The agents whose loops this loop lies in, outermost first; null for none.</summary>
    public IReadOnlyList<string>? Behind { get; init; }
}
