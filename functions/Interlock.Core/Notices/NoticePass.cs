namespace Interlock.Core.Notices;

/// <summary>What one pass over the outbox came to; one that is not complete left notices that are due.</summary>
public sealed record NoticePass(
    IReadOnlyList<Notice> Ended, IReadOnlyList<Notice> PutOff, IReadOnlyList<(string Row, Exception Error)> Failed, bool IsComplete);
