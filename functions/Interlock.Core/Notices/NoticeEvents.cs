namespace Interlock.Core.Notices;

/// <summary>What of a gate is announced. An escalation is a gate of its own.</summary>
public static class NoticeEvents
{
    public const string Opened = "opened";
    public const string Closed = "closed";
}
