using System.Collections.Concurrent;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway.Fences;

/// <summary>
/// What each process says of the calls that it has under way: one row per process and tenant, there before a call of that process passes the fence and until it has had none for a
/// while. The row holds an epoch and, read after that, the calls: any other call of that process passes the fence at that epoch or later. So who changed the registry knows from a
/// row of the new epoch all calls that may have gone by the old one. A row costs a write when the epoch changes and every half lease, and nothing per call.
/// </summary>
internal sealed class ProcessBoard(ITableStore store, RegistryStore registries, EffectLease lease, TimeProvider time)
{
    private const string Table = "processes";
    private const int MaxCalls = 2000;
    private const int IdleBeats = 30;

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<TenantId, Presence> _presences = new();

    /// <summary>Until when others are sure to see a call that begins now; null when that is too soon for it to be sent.</summary>
    public DateTimeOffset? SeenUntil(TenantId tenant) => _presences.TryGetValue(tenant, out var presence) && presence.SeenUntil is var until && until - time.GetUtcNow() > lease.Time ? until : null;

    /// <summary>Makes it long enough, and keeps it so while there are calls.</summary>
    public async Task<DateTimeOffset> AppearAsync(TenantId tenant, Func<IReadOnlyList<CallUnderWay>> calls, CancellationToken cancellationToken)
    {
        var presence = _presences.GetOrAdd(tenant, static _ => new Presence());
        await presence.Turn.WaitAsync(cancellationToken);
        try
        {
            if (SeenUntil(tenant) is { } already) return already;
            await PublishAsync(tenant, presence, calls, cancellationToken);
            using (ExecutionContext.SuppressFlow()) presence.Keeping ??= Task.Run(() => KeepAsync(tenant, presence, calls), CancellationToken.None);
            return presence.SeenUntil;
        }
        finally
        {
            presence.Turn.Release();
        }
    }

    /// <summary>The same for all other processes as <see cref="FenceTracker.DrainAsync"/> for this one.</summary>
    public async Task<Drained> DrainAsync(TenantId tenant, long epoch, RegistryKind kind, string name, TimeSpan patience, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var older = new Dictionary<string, HashSet<EffectId>>(StringComparer.Ordinal);
        while (true)
        {
            var now = time.GetUtcNow();
            var (silent, seen) = (new List<string>(), new Dictionary<string, HashSet<EffectId>>(StringComparer.Ordinal));
            await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
            {
                var said = RunJson.FromValue<Said>(row.Body);
                if (said.Holder == lease.Holder) continue;
                if (said.Until < now)
                {
                    if (said.Until + lease.Time < now) await store.DeleteAsync(Table, row.Key, row.ETag, cancellationToken); // it died; one that stood still appears anew
                    continue;
                }
                HashSet<EffectId> calls = [.. said.Calls.Where(call => call.Concerns(kind, name)).Select(call => call.Effect)];
                if (said.Epoch < epoch || said.HasMore) silent.Add(said.Holder);
                else if (older.TryGetValue(said.Holder, out var before)) calls.IntersectWith(before); // what began since began after the change
                seen.Add(said.Holder, calls);
                if (said.Epoch >= epoch && !said.HasMore) older[said.Holder] = calls;
            }
            if (silent.Count == 0 && seen.Values.All(calls => calls.Count == 0)) return Drained.Nothing;
            if (time.GetElapsedTime(began) >= patience) return new([.. seen.Values.SelectMany(calls => calls)], silent);
            await Task.Delay(Beat, time, cancellationToken);
        }
    }

    /// <summary>Says what is new, and nothing more once there have been no calls for a while.</summary>
    private async Task KeepAsync(TenantId tenant, Presence presence, Func<IReadOnlyList<CallUnderWay>> calls)
    {
        for (var idle = 0; ;)
        {
            await Task.Delay(Beat, time);
            await presence.Turn.WaitAsync();
            try
            {
                var under = calls();
                idle = under.Count == 0 ? idle + 1 : 0;
                if (idle >= IdleBeats && await WithdrawnAsync(tenant, presence, calls)) return;
                if (presence.HasMore || !presence.Older.IsSubsetOf(under.Select(call => call.Effect)) || presence.SeenUntil - time.GetUtcNow() < 1.5 * lease.Time || (await registries.ReadAsync(tenant)).Epoch != presence.Epoch)
                    await PublishAsync(tenant, presence, calls, CancellationToken.None);
            }
            catch (Exception)
            {
                // A store that is away is asked again at the next beat; a call that begins before that finds that it is not seen.
            }
            finally
            {
                presence.Turn.Release();
            }
        }
    }

    /// <summary>The epoch is read first: calls that are not among those read after it pass the fence at it or later.</summary>
    private async Task PublishAsync(TenantId tenant, Presence presence, Func<IReadOnlyList<CallUnderWay>> calls, CancellationToken cancellationToken)
    {
        var epoch = (await registries.ReadAsync(tenant, cancellationToken)).Epoch;
        var (now, under) = (time.GetUtcNow(), calls());
        var said = new Said(lease.Holder, epoch, now + (2 * lease.Time), [.. under.Take(MaxCalls)], under.Count > MaxCalls);
        var (key, body) = (Key(tenant), RunJson.ToValue(said));
        var stored = await store.GetAsync(Table, key, cancellationToken);
        var written = stored is null ? await store.InsertAsync(Table, key, body, cancellationToken) : await store.ReplaceAsync(Table, key, body, stored.ETag, cancellationToken);
        if (!written.Ok) throw new InvalidOperationException("Another process writes this one's row.");
        HashSet<EffectId> older = [.. said.Calls.Select(call => call.Effect)];
        if (presence.Epoch == epoch && !presence.HasMore) older.IntersectWith(presence.Older);
        (presence.SeenUntil, presence.Epoch, presence.Older, presence.HasMore) = (said.Until, epoch, older, said.HasMore);
    }

    private async Task<bool> WithdrawnAsync(TenantId tenant, Presence presence, Func<IReadOnlyList<CallUnderWay>> calls)
    {
        presence.SeenUntil = default; // from here on a call waits for its turn to appear
        if (calls().Count > 0) return false; // it may have looked before; its row stays, and is renewed
        if (await store.GetAsync(Table, Key(tenant)) is { } row) await store.DeleteAsync(Table, row.Key, row.ETag);
        presence.Keeping = null;
        return true;
    }

    private RowKey Key(TenantId tenant) => new(Keys.Join(tenant.Value), Keys.Join(lease.Holder));

    private sealed class Presence
    {
        private long _seenUntil;

        /// <summary>Held by who writes the row.</summary>
        public SemaphoreSlim Turn { get; } = new(1);

        public Task? Keeping { get; set; }

        public long Epoch { get; set; } = -1;

        /// <summary>The calls that were under way when the epoch changed and still were when the row was written last: it is written anew when one of them has ended.</summary>
        public HashSet<EffectId> Older { get; set; } = [];

        public bool HasMore { get; set; }

        public DateTimeOffset SeenUntil
        {
            get => new(Volatile.Read(ref _seenUntil), TimeSpan.Zero);
            set => Volatile.Write(ref _seenUntil, value.UtcTicks);
        }
    }

    private sealed record Said(string Holder, long Epoch, DateTimeOffset Until, IReadOnlyList<CallUnderWay> Calls, bool HasMore);
}
