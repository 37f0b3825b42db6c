namespace Interlock.Json.Jq;

/// <summary>Where a value may come from: places in global variables or, with no variable, in the root input.</summary>
internal sealed record Reading(IReadOnlyList<JqPlace> Places)
{
    public static Reading Nothing { get; } = new([]);

    public static Reading Input { get; } = new([new JqPlace(null, [])]);

    public static Reading Of(string variable) => new([new JqPlace(variable, [])]);

    public Reading Or(Reading other) => other.Places.Count == 0 ? this : Places.Count == 0 ? other : new([.. Places, .. other.Places]);
}

internal sealed record JqPlace(string? Variable, IReadOnlyList<string> Path)
{
    public bool StartsWith(JqPlace other) =>
        Variable == other.Variable && Path.Count >= other.Path.Count && Path.Take(other.Path.Count).SequenceEqual(other.Path);
}
