namespace Interlock.Core.Gateway.Limits;

/// <summary>What came of asking for a token.</summary>
internal abstract record LimitResult
{
    public sealed record Taken(Slice From) : LimitResult;

    /// <summary>There is none, and there will be none before this time has passed.</summary>
    public sealed record Empty(TimeSpan Wait) : LimitResult;
}

/// <summary>Tokens leased at a timestamp.</summary>
internal sealed class Slice(long since)
{
    public long Since { get; } = since;
    public int Size { get; init; }
    public int Left { get; set; }
    public int Used { get; set; }
}
