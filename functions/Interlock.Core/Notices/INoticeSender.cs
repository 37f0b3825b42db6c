using Interlock.Core.Approvals;

namespace Interlock.Core.Notices;

/// <summary>Sends a message through a channel.</summary>
public interface INoticeSender
{
    /// <summary>
    /// Tries once, for at most <see cref="NoticeDelivery.Lease"/>'s half. Whatever the channel does is a result; an exception means a bug or a broken dependency of ours.
    /// </summary>
    Task<NoticeResult> SendAsync(NoticeChannel channel, Notice notice, Gate gate, CancellationToken cancellationToken = default);
}
