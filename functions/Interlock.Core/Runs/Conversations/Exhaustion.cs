using System.Globalization;
using Interlock.Core.Agents;

namespace Interlock.Core.Runs.Conversations;

/// <summary>Which limit a loop has reached: its own, or one of an agent that it works for.</summary>
internal static class Exhaustion
{
    /// <summary>What forbids another turn of the frame's model; null when nothing does.</summary>
    public static Reached? OfTurns(Machine machine, Frame frame)
    {
        var conversation = (FrameState.Conversation)frame.State;
        var (limits, counts) = (conversation.Terms.Limits, conversation.Counts);
        var own = counts.Turns >= limits.Steps ? LimitNames.Steps : counts.FailuresInARow >= limits.ConsecutiveFailures ? LimitNames.Failures : null;
        return own is null ? Spent(machine, frame) : new(own, conversation.Terms);
    }

    /// <summary>What forbids another call: those chosen together were all within the number of calls then, and what agents beneath have used of it since counts too.</summary>
    public static Reached? OfCalls(Machine machine, Frame frame)
    {
        foreach (var (_, outer) in Above.Conversations(machine, frame))
            if (outer.Counts.Calls >= outer.Terms.Limits.Calls) return new(LimitNames.Calls, outer.Terms);
        return Spent(machine, frame);
    }

    private static Reached? Spent(Machine machine, Frame frame)
    {
        foreach (var (_, conversation) in Above.Conversations(machine, frame))
            if (conversation.Counts.Spent(conversation.Terms.Limits) is { } limit) return new(limit, conversation.Terms);
        return null;
    }
}

/// <param name="Limit">One of <see cref="LimitNames"/>.</param>
/// <param name="Of">Whose it is.</param>
internal sealed record Reached(string Limit, AgentTerms Of)
{
    public Problem Problem(FrameId at, string? more = null)
    {
        var limits = Of.Limits;
        var value = Limit switch
        {
            LimitNames.Steps => Text(limits.Steps),
            LimitNames.Calls => Text(limits.Calls),
            LimitNames.Tokens => Text(limits.Tokens),
            LimitNames.Cost => Text(limits.Cost),
            LimitNames.Time => limits.Time?.ToString("c", CultureInfo.InvariantCulture),
            _ => Text(limits.ConsecutiveFailures),
        };
        return new Problem(ProblemTypes.Exhausted, 409, "The agent reached a limit", $"'{Of.Agent}' reached its limit of {Limit} ({value}). {more}".TrimEnd(), at.Value) { Rule = Limit };
    }

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}
