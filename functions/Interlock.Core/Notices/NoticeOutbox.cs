using Interlock.Core.Approvals;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Notices;

/// <summary>
/// What people are to be told. Announcing only writes rows: no channel is asked, so none can hold up a gate. Announcing the same again does nothing,
/// however often; a channel that is configured later is told of open gates when they are announced again.
/// </summary>
public sealed class NoticeOutbox(ITableStore store, NoticeChannels channels, TimeProvider time)
{
    /// <summary>How long a notice is tried, if the gate does not expire before.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    /// <summary>Owes every channel that wants it a notice: of a gate that opened until it expires, of one that closed for a day after.</summary>
    /// <param name="gate">As its row says.</param>
    /// <param name="what">One of <see cref="NoticeEvents"/>.</param>
    /// <param name="cancellationToken">Stops between two channels.</param>
    /// <exception cref="ArgumentException">It is no such event, or not this gate's.</exception>
    public async Task AnnounceAsync(Gate gate, string what, CancellationToken cancellationToken = default)
    {
        var news = what switch
        {
            NoticeEvents.Opened => gate.Request.ExpiresAt,
            NoticeEvents.Closed when gate.ClosedAt is { } closed => closed + Patience,
            _ => throw new ArgumentException($"'{what}' is nothing that happened to this gate.", nameof(what)),
        };
        var now = time.GetUtcNow();
        if (now >= news) return;
        var partition = NoticeRows.Partition(gate.Tenant);
        foreach (var channel in channels.For(gate, what))
        {
            var id = NoticeId.Of(gate.Tenant, gate.Id, what, channel.Name);
            var told = NoticeRows.ToldRow(id, news);
            if (await store.GetAsync(NoticeRows.Table, new RowKey(partition, told), cancellationToken) is not null) continue;
            var until = now + Patience < news ? now + Patience : news;
            var notice = new Notice(id, gate.Tenant, gate.Id, gate.Run, what, channel.Name, now, until);
            TableWrite[] rows = [new TableWrite.Insert(told, JsonValue.EmptyObject), new TableWrite.Insert(NoticeRows.DueRow(id, now), NoticeRows.Body(notice))];
            await store.BatchAsync(NoticeRows.Table, partition, rows, cancellationToken); // lost to another process that announced it: as good
        }
    }
}
