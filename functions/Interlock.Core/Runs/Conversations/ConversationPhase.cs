namespace Interlock.Core.Runs.Conversations;

/// <summary>What a conversation waits for.</summary>
public enum ConversationPhase
{
    /// <summary>A turn of the model.</summary>
    Asking,

    /// <summary>The calls that it chose.</summary>
    Calling,

    /// <summary>The agent that summarises is looked up.</summary>
    OpeningSummarizer,

    /// <summary>Its summary of the turns that are to go.</summary>
    Summarising,

    /// <summary>The last answer, after a limit was reached.</summary>
    Concluding,
}
