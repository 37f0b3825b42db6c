using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>What came of a command.</summary>
public abstract record CommandOutcome
{
    /// <summary>The event that ends it.</summary>
    public sealed record Happened(RunEvent Event) : CommandOutcome;

    /// <summary>Another worker makes this call; nothing is known of it before that time or its end.</summary>
    /// <param name="Until">When to ask again at the latest.</param>
    /// <param name="IsHanded">It goes on at its upstream and nobody is at work here: to be asked for again then, and not before.</param>
    public sealed record UnderWay(DateTimeOffset Until, bool IsHanded) : CommandOutcome;

    /// <summary>The gate is open: people decide, nothing is to be done.</summary>
    public static CommandOutcome Open { get; } = new StaysOpen();

    private sealed record StaysOpen : CommandOutcome;
}
