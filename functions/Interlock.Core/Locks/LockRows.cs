using System.Globalization;
using System.Runtime.CompilerServices;
using Interlock.Core.Gateway;
using Interlock.Core.Intake;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Locks;

/// <summary>
/// The rows of locks, one partition a tenant: <c>head|{lock}</c> is the lock, <c>wait|{lock}|{ticket}</c> who waits, <c>held|{lock}|{fence}</c> who holds, and
/// <c>want|{lock}|{run}|{effect}</c> how a command stands. None grows with the number of runs, and no step reads more of them than it changes.
/// </summary>
internal sealed class LockRows(ITableStore store)
{
    public const string Table = "locks";

    /// <summary>How many places one batch gives: three rows each, beside those of the lock and of who left.</summary>
    public const int GrantsAtOnce = 32;

    private const int MaxSpan = 256;
    private const string HeadRow = "head";
    private const string WaitRow = "wait";
    private const string HeldRow = "held";
    private const string WantRow = "want";

    public async Task<(LockHead Head, string ETag)?> FindAsync(LockId id, CancellationToken cancellationToken) =>
        await store.GetAsync(Table, Key(id, Keys.Join(HeadRow, id.Value)), cancellationToken) is { } row ? (RunJson.FromValue<LockHead>(row.Body), row.ETag) : null;

    /// <summary>The tenant's locks that are held or waited for, or were of late.</summary>
    public async IAsyncEnumerable<LockHead> AllAsync(TenantId tenant, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value), Keys.Join(HeadRow, ""), HeadRow + "}", cancellationToken: cancellationToken))
            yield return RunJson.FromValue<LockHead>(row.Body);
    }

    /// <summary>How a command stands: its ticket, and the number of its grant or 0; null where it never asked or has given back what it had.</summary>
    public async Task<(long Ticket, long Fence, string ETag)?> WantAsync(LockId id, RunId run, EffectId effect, CancellationToken cancellationToken) =>
        await store.GetAsync(Table, Key(id, Want(id, run, effect)), cancellationToken) is { } row ? (Number(row, "ticket"), Number(row, "fence"), row.ETag) : null;

    /// <summary>Whether the grant that a call is made under is the run's still.</summary>
    public async Task<bool> IsHeldAsync(TenantId tenant, RunId run, CallLock held, CancellationToken cancellationToken) =>
        await WantAsync(LockId.Of(tenant, held.Name), run, held.Holder, cancellationToken) is var (_, fence, _) && fence == held.Fence;

    public async Task<(LockClaim Claim, string ETag)?> ClaimAsync(LockId id, long ticket, long fence, CancellationToken cancellationToken) =>
        await store.GetAsync(Table, Key(id, fence == 0 ? Wait(id, ticket) : Held(id, fence)), cancellationToken) is { } row ? (RunJson.FromValue<LockClaim>(row.Body), row.ETag) : null;

    /// <summary>Who holds it, the oldest grant first.</summary>
    public IAsyncEnumerable<LockClaim> HoldersAsync(LockId id, CancellationToken cancellationToken) => ClaimsAsync(id, Held(id, 0), Keys.Join(HeldRow, id.Value) + "}", cancellationToken);

    /// <summary>Who waits, in the order of asking.</summary>
    public IAsyncEnumerable<LockClaim> WaitingAsync(LockId id, LockHead head, CancellationToken cancellationToken) => ClaimsAsync(id, Wait(id, head.Next), Wait(id, head.Ticket + 1), cancellationToken);

    /// <summary>The first so many of those who wait.</summary>
    public async Task<List<(LockClaim Claim, string ETag)>> FirstAsync(LockId id, LockHead head, int most, CancellationToken cancellationToken)
    {
        var (found, wanted) = (new List<(LockClaim, string)>(), Math.Min(most, head.Waiting));
        // Asked for in spans, so that a long queue is not read for its first few; longer ones where many gave up waiting.
        for (var (from, span) = (head.Next, wanted); found.Count < wanted && from <= head.Ticket; from += span, span = Math.Min(2 * span, MaxSpan))
            await foreach (var row in store.QueryAsync(Table, Keys.Join(id.Tenant.Value), Wait(id, from), Wait(id, from + span), cancellationToken: cancellationToken))
                if (found.Count < wanted) found.Add((RunJson.FromValue<LockClaim>(row.Body), row.ETag));
        return found;
    }

    /// <summary>All or nothing; false when somebody else changed the lock first.</summary>
    public async Task<bool> WriteAsync(LockId id, LockHead head, string? etag, IEnumerable<TableWrite> claims, CancellationToken cancellationToken)
    {
        var row = Keys.Join(HeadRow, id.Value);
        TableWrite write = etag is null ? new TableWrite.Insert(row, RunJson.ToValue(head)) : new TableWrite.Replace(row, RunJson.ToValue(head), etag);
        return (await store.BatchAsync(Table, Keys.Join(id.Tenant.Value), [write, .. claims], cancellationToken)).Ok;
    }

    /// <summary>Forgets a lock that nobody holds or waits for.</summary>
    public Task ForgetAsync(LockId id, string etag, CancellationToken cancellationToken) => store.DeleteAsync(Table, Key(id, Keys.Join(HeadRow, id.Value)), etag, cancellationToken);

    public static TableWrite[] Waits(LockId id, LockClaim claim) => [new TableWrite.Insert(Wait(id, claim.Ticket), RunJson.ToValue(claim)), new TableWrite.Insert(Want(id, claim.Run, claim.Effect), Standing(claim))];

    public static TableWrite[] Holds(LockId id, LockClaim claim) => [new TableWrite.Insert(Held(id, claim.Fence), RunJson.ToValue(claim)), new TableWrite.Insert(Want(id, claim.Run, claim.Effect), Standing(claim))];

    /// <summary>From waiting to holding.</summary>
    public static TableWrite[] Granted(LockId id, LockClaim claim, string waitETag, string wantETag) =>
    [
        new TableWrite.Delete(Wait(id, claim.Ticket), waitETag), new TableWrite.Insert(Held(id, claim.Fence), RunJson.ToValue(claim)),
        new TableWrite.Replace(Want(id, claim.Run, claim.Effect), Standing(claim), wantETag),
    ];

    public static TableWrite[] Left(LockId id, LockClaim claim, string claimETag, string wantETag) =>
        [new TableWrite.Delete(claim.Fence == 0 ? Wait(id, claim.Ticket) : Held(id, claim.Fence), claimETag), new TableWrite.Delete(Want(id, claim.Run, claim.Effect), wantETag)];

    private async IAsyncEnumerable<LockClaim> ClaimsAsync(LockId id, string from, string to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in store.QueryAsync(Table, Keys.Join(id.Tenant.Value), from, to, cancellationToken: cancellationToken)) yield return RunJson.FromValue<LockClaim>(row.Body);
    }

    private static JsonValue Standing(LockClaim claim) => JsonValue.Object(("ticket", claim.Ticket), ("fence", claim.Fence));

    private static long Number(TableRow row, string member) => (long)(row.Body[member]?.AsNumber() ?? throw new InvalidDataException($"The row {row.Key.Row} of a lock has no {member}."));

    private static RowKey Key(LockId id, string row) => new(Keys.Join(id.Tenant.Value), row);

    private static string Wait(LockId id, long ticket) => Keys.Join(WaitRow, id.Value, ticket.ToString("D19", CultureInfo.InvariantCulture));

    private static string Held(LockId id, long fence) => Keys.Join(HeldRow, id.Value, fence.ToString("D19", CultureInfo.InvariantCulture));

    private static string Want(LockId id, RunId run, EffectId effect) => Keys.Join(WantRow, id.Value, run.Value, effect.Value);
}

/// <summary>Which lock: names of any length and any characters become keys of one form.</summary>
internal readonly record struct LockId(TenantId Tenant, string Value)
{
    public static LockId Of(TenantId tenant, string name) => new(tenant, DerivedId.Of(name));
}
