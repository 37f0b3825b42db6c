namespace Interlock.Core.Notices;

/// <summary>What came of one try. Reasons are one line and name no address, no header and nothing that the receiver wrote.</summary>
public abstract record NoticeResult
{
    private NoticeResult()
    {
    }

    /// <summary>The channel took it.</summary>
    public sealed record Delivered : NoticeResult;

    /// <summary>It may work later; not before <paramref name="After"/> where the channel said so.</summary>
    public sealed record Later(string Reason, TimeSpan? After = null) : NoticeResult;

    /// <summary>Trying again would not help.</summary>
    public sealed record Refused(string Reason) : NoticeResult;
}
