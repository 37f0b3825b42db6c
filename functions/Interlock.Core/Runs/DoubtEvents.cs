using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>A person's word on a call in doubt, as the event that the interpreter folds and as the audit names it.</summary>
public static class DoubtEvents
{
    /// <param name="at">When it was said.</param>
    /// <param name="effect">The call.</param>
    /// <param name="output">What it gave; null says that it did not happen.</param>
    /// <param name="by">Who says so.</param>
    /// <param name="reason">How they know.</param>
    public static RunEvent Settled(DateTimeOffset at, EffectId effect, JsonValue? output, Principal by, string reason) => output is not null
        ? new RunEvent.EffectCompleted(at, effect, output)
        : new RunEvent.EffectFailed(at, effect, new Problem(ProblemTypes.ToolError, 502, "The call did not happen", $"{by.Subject} says so: {reason}"));

    public static string What(EffectId effect, JsonValue? output) => output is not null ? $"says {effect} happened" : $"says {effect} did not happen";
}
