namespace Interlock.Core.Gateway;

/// <summary>What a call is of a conversation with a chat agent.</summary>
public enum ConversationStep
{
    /// <summary>It is none: a call of something else.</summary>
    None,

    /// <summary>It begins one. Nothing is sent; policy and grants hold for this.</summary>
    Open,

    /// <summary>One turn of the model of one that began.</summary>
    Turn,
}
