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

    /// <summary>The agents that it works for, outermost first; null for none.</summary>
    public static IReadOnlyList<string>? Agents(Machine machine, Frame frame) =>
        Conversations(machine, frame).Skip(1).Select(one => one.Conversation.Terms.Agent).Reverse().ToArray() is { Length: > 0 } agents ? agents : null;
}
