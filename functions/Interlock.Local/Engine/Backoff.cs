namespace Interlock.Local.Engine;

/// <summary>The pauses between asking a broken store again: 100 ms, doubled up to 30 s.</summary>
internal static class Backoff
{
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public static TimeSpan Next(TimeSpan pause) => pause * 2 > Longest ? Longest : pause * 2;
}
