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

    /// <summary>The gate is open, the run listens, the child runs: nothing is to be done until something happens.</summary>
    public static CommandOutcome Open { get; } = new StaysOpen();

    /// <summary>The run was told something while this was done, and is another one now.</summary>
    public static CommandOutcome Moved { get; } = new WasMoved();

    private sealed record WasMoved : CommandOutcome;

    private sealed record StaysOpen : CommandOutcome;
}
