using System.Text.Json.Serialization;

namespace Interlock.Core.Agents;

/// <summary>
/// What bounds an agent's loop. Whichever is reached first ends it; what is under way then is still settled, so that no limit is passed by more than that.
/// Null is no such limit; the counts of steps and calls always have one.
/// </summary>
public sealed record AgentLimits
{
    public static AgentLimits Default { get; } = new();

    /// <summary>Turns of the model, 1 to 1,000.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Calls of tools, agents and workflows, 0 to 10,000.</summary>
    public int Calls { get; init; } = 50;

    /// <summary>Tokens in and out together, those of agents beneath counted in.</summary>
    public long? Tokens { get; init; }

    /// <summary>Cost in millionths of the tenant's unit, by <see cref="TokenPrices"/> and the prices of tools.</summary>
    public long? Cost { get; init; }

    /// <summary>Time from the loop's start; the task's own timeout counts besides.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Failed or refused choices in a row.</summary>
    public int ConsecutiveFailures { get; init; } = 5;

    /// <summary>How often the same call with the same arguments may be chosen.</summary>
    public int Repeats { get; init; } = 3;

    /// <summary>The stricter of both in each.</summary>
    public AgentLimits Within(AgentLimits other) => new()
    {
        Steps = Math.Min(Steps, other.Steps),
        Calls = Math.Min(Calls, other.Calls),
        Tokens = Least(Tokens, other.Tokens),
        Cost = Least(Cost, other.Cost),
        Time = Least(Time, other.Time),
        ConsecutiveFailures = Math.Min(ConsecutiveFailures, other.ConsecutiveFailures),
        Repeats = Math.Min(Repeats, other.Repeats),
    };

    private static T? Least<T>(T? one, T? other)
        where T : struct, IComparable<T> => one is { } a && other is { } b ? (a.CompareTo(b) < 0 ? a : b) : one ?? other;
}

/// <summary>What a million tokens cost, in millionths of the tenant's unit.</summary>
public sealed record TokenPrices(long Input, long Output)
{
    /// <summary>The price of a turn in millionths of the unit, rounded up.</summary>
    public long Of(TokenCount tokens)
    {
        var cost = ((Int128)tokens.Input * Input) + ((Int128)tokens.Output * Output);
        return (long)Int128.Min(long.MaxValue, (cost + 999_999) / 1_000_000);
    }
}

/// <summary>Tokens as the model's endpoint counted them.</summary>
public readonly record struct TokenCount(long Input, long Output)
{
    [JsonIgnore]
    public long Total => Input + Output;

    public static TokenCount operator +(TokenCount one, TokenCount other) => new(one.Input + other.Input, one.Output + other.Output);
}
