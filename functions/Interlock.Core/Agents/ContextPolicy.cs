namespace Interlock.Core.Agents;

/// <summary>
/// What of a conversation a model is shown again. The goal and the last turns stay whole; older results are shortened, dropped or summarised, never the record of
/// them: the transcript is rebuilt from what was recorded.
/// </summary>
public sealed record ContextPolicy
{
    public static ContextPolicy Default { get; } = new();

    /// <summary>Turns at the end that stay as they are, 1 to 1,000.</summary>
    public int Keep { get; init; } = 10;

    /// <summary>Tokens that a request may hold, by <see cref="TokenEstimate"/>; above that, turns before the kept ones are summarised or dropped, the oldest first.</summary>
    public long MaxTokens { get; init; } = 100_000;

    /// <summary>A result with more characters is shown as a preview and its handle.</summary>
    public int ReferenceAbove { get; init; } = 16 * 1024;

    /// <summary>The chat agent that summarises what would be dropped; null drops it.</summary>
    public string? Summarizer { get; init; }
}
