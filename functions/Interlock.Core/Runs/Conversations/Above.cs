using Interlock.Core.Agents;

namespace Interlock.Core.Runs.Conversations;

/// <summary>What a conversation works for: the conversation whose model chose it, and so on outwards.</summary>
internal static class Above
{
    /// <summary>The frame's conversation and those that it works for, itself first.</summary>
    public static IEnumerable<(Frame Frame, FrameState.Conversation Conversation)> Conversations(Machine machine, Frame frame)
    {
        for (var at = frame; at is { State: FrameState.Conversation conversation }; at = at is { Choice: not null, Parent: { } parent } ? machine.Find(parent) : null)
            yield return (at, conversation);
    }

    /// <summary>Adds what was used to the frame's conversation and to all that it works for; the frame as it is then.</summary>
    public static Frame Charge(Machine machine, Frame frame, TokenCount tokens, long cost)
    {
        foreach (var (at, conversation) in Conversations(machine, frame).ToList())
            machine.Update(at with { State = conversation with { Counts = conversation.Counts with { Tokens = conversation.Counts.Tokens + tokens, Cost = conversation.Counts.Cost + cost } } });
        return machine.Find(frame.Id)!; // it was just charged
    }

    /// <summary>The agents that it works for, outermost first; null for none.</summary>
    public static IReadOnlyList<string>? Agents(Machine machine, Frame frame) =>
        Conversations(machine, frame).Skip(1).Select(one => one.Conversation.Terms.Agent).Reverse().ToArray() is { Length: > 0 } agents ? agents : null;
}
