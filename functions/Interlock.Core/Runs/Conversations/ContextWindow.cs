using System.Collections.Immutable;
using Interlock.Core.Agents;

namespace Interlock.Core.Runs.Conversations;

/// <summary>Keeps what a model is shown again within its policy: whole turns go, the oldest first, never the goal, the instructions or the turns to keep.</summary>
internal static class ContextWindow
{
    /// <summary>The turns that may go, when a request with all of them would be too large.</summary>
    public static ImmutableList<AgentTurn> TooMuch(FrameState.Conversation conversation)
    {
        var policy = conversation.Terms.Context;
        return conversation.Turns.Count > policy.Keep && IsTooLarge(conversation) ? conversation.Turns.GetRange(0, conversation.Turns.Count - policy.Keep) : [];
    }

    /// <summary>The conversation without as many of its oldest turns as it takes.</summary>
    public static FrameState.Conversation Dropped(FrameState.Conversation conversation)
    {
        while (conversation.Turns.Count > conversation.Terms.Context.Keep && IsTooLarge(conversation)) conversation = conversation with { Turns = conversation.Turns.RemoveAt(0) };
        return conversation;
    }

    /// <summary>The conversation with a summary in the place of the turns that were too much.</summary>
    public static FrameState.Conversation Summarised(FrameState.Conversation conversation, string text) => conversation with
    {
        Turns = conversation.Turns.RemoveRange(0, conversation.Turns.Count - conversation.Terms.Context.Keep),
        Summary = ToolResult.Summary(conversation.Terms.Context.Summarizer!, text, conversation.Terms.Context.ReferenceAbove), // asked only where there is one
    };

    private static bool IsTooLarge(FrameState.Conversation conversation) => TokenEstimate.Of(ChatForm.Turn(conversation)) > conversation.Terms.Context.MaxTokens;
}
