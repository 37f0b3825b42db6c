using System.Collections.Concurrent;
using Interlock.Core.Approvals;
using Interlock.Core.Notices;

namespace Interlock.Tests.Notices;

/// <summary>Keeps what it was to send, and answers as a test says.</summary>
internal sealed class StubSender : INoticeSender
{
    public ConcurrentQueue<(string Channel, Notice Notice)> Sent { get; } = new();

    public Func<NoticeChannel, Notice, Task<NoticeResult>> OnSend { get; set; } = (_, _) => Task.FromResult<NoticeResult>(new NoticeResult.Delivered());

    public Task<NoticeResult> SendAsync(NoticeChannel channel, Notice notice, Gate gate, CancellationToken cancellationToken = default)
    {
        Assert.Equal(gate.Id, notice.Gate);
        Sent.Enqueue((channel.Name, notice));
        return OnSend(channel, notice).WaitAsync(cancellationToken);
    }

    public void Always(NoticeResult result) => OnSend = (_, _) => Task.FromResult(result);

    /// <summary>What was sent, as channel and event, in order of names.</summary>
    public IEnumerable<string> Told => Sent.Select(sent => $"{sent.Channel} {sent.Notice.What}").Order(StringComparer.Ordinal);
}
