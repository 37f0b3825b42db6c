namespace Interlock.Json.Jq;

/// <summary>
/// Bounds on one evaluation, none of them in time, so that a program does the same everywhere.
/// </summary>
public sealed record JqLimits
{
    /// <summary>Evaluation steps. An operation over n items or characters takes steps in proportion to n.</summary>
    public long Steps { get; init; } = 1_000_000;

    /// <summary>Pending (not tail) calls. Built values never nest deeper than <see cref="StrictJson.MaxDepth"/>.</summary>
    public int Depth { get; init; } = 512;

    /// <summary>Approximate size in bytes of all values built on the way, whether they are kept or not.</summary>
    public long OutputBytes { get; init; } = 16 * 1024 * 1024;
}
