namespace Interlock.Json.Jq;

/// <summary>What the host gives one evaluation: values for the global variables, the time, and the limits.</summary>
public sealed record JqScope(IReadOnlyDictionary<string, JsonValue> Variables, DateTimeOffset Now, JqLimits Limits)
{
    /// <summary>What this evaluation and others share beside its own limit; null for no such bound.</summary>
    public JqBudget? Budget { get; init; }

    /// <summary>No variables, the Unix epoch as time, default limits.</summary>
    public static JqScope Empty { get; } = new(new Dictionary<string, JsonValue>(), DateTimeOffset.UnixEpoch, new JqLimits());
}
