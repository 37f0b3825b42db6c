using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Json;

namespace Interlock.Core.Runs.Conversations;

/// <summary>One turn of a model that chose something, as it is shown again: never without what came of its choices.</summary>
public sealed record AgentTurn(int Number, string Text, ImmutableArray<TurnChoice> Choices)
{
    [JsonIgnore]
    public bool IsDone => Choices.All(choice => choice.Result is not null);

    /// <summary>The turn with what came of one choice.</summary>
    public AgentTurn With(int number, JsonValue result, bool isFailure) =>
        this with { Choices = [.. Choices.Select(choice => choice.Number == number ? choice with { Result = result, IsFailure = isFailure } : choice)] };
}

/// <summary>A choice as its model is shown it again, and what it is told of it; no result while it is under way.</summary>
public sealed record TurnChoice(int Number, string Name, string Arguments, JsonValue? Result, bool IsFailure);
