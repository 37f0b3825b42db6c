using Interlock.Core.Agents;

namespace Interlock.Core.Runs.Conversations;

/// <summary>What a loop has used. Calls, tokens and cost hold those of the agents beneath it.</summary>
/// <param name="Turns">Turns of its own model.</param>
/// <param name="Choices">What its model chose, refused choices included: the number of the next choice follows it.</param>
/// <param name="Calls">Calls begun.</param>
/// <param name="FailuresInARow">Choices in a row that were refused or failed.</param>
/// <param name="Tokens">As endpoints counted them.</param>
/// <param name="Cost">In millionths of the tenant's unit.</param>
public sealed record LoopCounts(int Turns, int Choices, int Calls, int FailuresInARow, TokenCount Tokens, long Cost)
{
    public static LoopCounts None { get; } = new(0, 0, 0, 0, default, 0);

    /// <summary>The limit of tokens or cost that is reached, by its name; null for neither.</summary>
    public string? Spent(AgentLimits limits) =>
        limits.Tokens is { } tokens && Tokens.Total >= tokens ? LimitNames.Tokens
        : limits.Cost is { } cost && Cost >= cost ? LimitNames.Cost
        : null;
}
