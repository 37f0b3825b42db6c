using Interlock.Core.Storage;

namespace Interlock.Core.Locks;

/// <summary>What lists show of a tenant's locks: those that somebody holds or waits for.</summary>
public sealed class LockList(ITableStore store)
{
    private const int Shown = 20;

    private readonly LockRows _rows = new(store);

    public async Task<IReadOnlyList<LockStanding>> ReadAsync(TenantId tenant, int most, CancellationToken cancellationToken = default)
    {
        var found = new List<LockStanding>();
        foreach (var head in await _rows.AllAsync(tenant, cancellationToken).Where(head => !head.IsIdle).Take(most).ToListAsync(cancellationToken))
        {
            var id = LockId.Of(tenant, head.Name);
            found.Add(new LockStanding(
                head, await _rows.HoldersAsync(id, cancellationToken).Take(Shown).ToListAsync(cancellationToken),
                [.. (await _rows.FirstAsync(id, head, Shown, cancellationToken)).Select(first => first.Claim)]));
        }
        return found;
    }
}

/// <summary>A lock, the first of those who hold it, and the first of those who wait.</summary>
public sealed record LockStanding(LockHead Head, IReadOnlyList<LockClaim> Holders, IReadOnlyList<LockClaim> Waiting);
