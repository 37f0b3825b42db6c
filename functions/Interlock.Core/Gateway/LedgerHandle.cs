namespace Interlock.Core.Gateway;

/// <summary>
/// A call that goes on at its upstream: the upstream's own name for it, when to ask again, and the contract it was made under. Whatever crashes, it is asked
/// after by this and never made again.
/// </summary>
public sealed record LedgerHandle(string Task, DateTimeOffset PollAt, string Name, string Version)
{
    public const int MaxTaskLength = 2048;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>The address that has it; null is the registration's first.</summary>
    public Uri? At { get; init; }

    /// <summary>What the upstream wants, and a tenth of the time it has taken so far: 200 ms to a minute. A long call is asked after seldom, and known to have ended soon.</summary>
    public static DateTimeOffset Next(DateTimeOffset began, DateTimeOffset now, TimeSpan wanted)
    {
        var wait = (now - began) / 10;
        if (wait < wanted) wait = wanted;
        return now + (wait < Shortest ? Shortest : wait > Longest ? Longest : wait);
    }
}
