using System.Globalization;
using System.Security.Cryptography;
using Interlock.Core.Audit.Checkpoints;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// Copies finished chains to an archive where nothing can be changed, each as an export of its own, and anchors the heads of the others there. A
/// chain is finished an hour after the last record of a run that is over, or two days after its own day: an approval of a client's call is used in the
/// chain of the day that asked for it. Each pass adds one <see cref="Checkpoint"/> of the chains it saw: a chain of anchors that nobody can shorten unseen.
/// Safe to run twice at once and to stop anywhere: what was added is found again, and what is remembered elsewhere can be lost.
/// </summary>
/// <param name="records">Where the audit is.</param>
/// <param name="index">Where to remember what was exported.</param>
/// <param name="archive">Where to copy to.</param>
/// <param name="isOver">Whether nothing is left to be done for a run.</param>
/// <param name="time">The clock.</param>
/// <param name="signer">Signs the checkpoints; without one whoever may add to the archive may add a checkpoint.</param>
public sealed class AuditArchive(
    ITableStore records, ITableStore index, IArchive archive, Func<TenantId, RunId, CancellationToken, Task<bool>> isOver, TimeProvider time, ICheckpointSigner? signer = null)
{
    /// <summary>How many chains that are not in the archive one pass looks at.</summary>
    public const int MaxChains = 2_000;

    /// <summary>How many chains one pass comes by at most.</summary>
    public const int MaxListed = 100_000;

    /// <summary>How long a pass takes chains: it then anchors what it has, and the next one goes on.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Longer than a call may last: calls that a run no longer waits for are recorded after its end.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromHours(1);

    private const int MaxHeadsTries = 1_000;

    private readonly ArchiveIndex _index = new(records, index);

    /// <summary>One pass over a tenant's chains. A chain that fails does not keep the others back; a broken list or checkpoint does.</summary>
    public async Task<ArchivePass> RunAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var progress = await _index.ProgressAsync(tenant, cancellationToken);
        var began = time.GetUtcNow();
        var (seen, listed) = (new List<ArchivedChain>(), 0);
        var failed = new List<(string Chain, Exception Error)>();
        string? next = null;
        await foreach (var (key, chain, isExported) in _index.ChainsAsync(tenant, progress.Next, cancellationToken))
        {
            if (listed++ == MaxListed || seen.Count + failed.Count >= MaxChains || time.GetUtcNow() - began > Patience)
            {
                next = key;
                break;
            }
            if (isExported) continue;
            try
            {
                await LookAsync(chain, seen, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failed.Add((chain.Id, e));
            }
        }
        if (seen.Count > 0) progress = await AnchorAsync(tenant, progress, seen, cancellationToken);
        // What is remembered as exported is named by a checkpoint: so a pass that ended before here does it all again, and finds it done.
        var exported = seen.Where(chain => chain.Object is not null).ToList();
        foreach (var chain in exported) await _index.AddAsync(tenant, chain, cancellationToken);
        await _index.SaveAsync(tenant, progress with { Next = next }, cancellationToken);
        return new ArchivePass(exported.Count, seen.Count - exported.Count, seen.Count > 0 ? progress.Heads : null, next is null, failed);
    }

    /// <summary>Adds the chain as it is to those seen, and to the archive if it is finished. One whose object differs is anchored all the same.</summary>
    private async Task LookAsync(AuditChain chain, List<ArchivedChain> seen, CancellationToken cancellationToken)
    {
        if (await AuditRows.LastAsync(records, chain, cancellationToken) is not { } last) return;
        var head = new ArchivedChain(chain.Id, last.Seq, last.Hash);
        seen.Add(head);
        if (await IsFinishedAsync(chain, last, cancellationToken)) seen[^1] = await ExportAsync(chain, head, last.Record.Time, cancellationToken);
    }

    private async Task<bool> IsFinishedAsync(AuditChain chain, AuditEntry last, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (chain.Principal is { } principal) return DateOnly.FromDateTime(now.UtcDateTime) > principal.Day.AddDays(2);
        if (chain.Run is not { } run || now - last.Record.Time < Settled) return false;
        var end = new RowKey(chain.Partition, AuditChain.IdRow(RunRecords.ClosedId(run)));
        return await records.GetAsync(AuditChain.RecordsTable, end, cancellationToken) is not null && await isOver(chain.Tenant, run, cancellationToken);
    }

    /// <summary>The same chain gives the same bytes whenever it is exported: its end's time is that of its last record.</summary>
    private async Task<ArchivedChain> ExportAsync(AuditChain chain, ArchivedChain head, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var content = Spool.Open();
        var end = await AuditExport.WriteChainAsync(records, chain, at, content, cancellationToken);
        if (end["hash"]?.StringOrNull() != head.Hash) return head; // it went on meanwhile
        var name = ArchiveName.Of(chain, DateOnly.FromDateTime(at.UtcDateTime));
        content.Position = 0;
        var digest = "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
        content.Position = 0;
        if (await archive.AddAsync(name, content, cancellationToken) is { } there && there != digest)
            throw new ArchiveConflictException($"The archive's object {name} has the digest {there}, and audit chain {chain.Id} gives {digest}: one of them was changed. Verify both.");
        return head with { Object = name, Digest = digest };
    }

    /// <summary>Adds the checkpoint after the last one; where another pass was first, after that.</summary>
    private async Task<ArchiveProgress> AnchorAsync(TenantId tenant, ArchiveProgress progress, List<ArchivedChain> seen, CancellationToken cancellationToken)
    {
        var at = time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
        var chains = JsonValue.Object(seen.Select(chain => KeyValuePair.Create(chain.Chain, chain.ToJson())));
        for (var tries = 0; tries < MaxHeadsTries; tries++)
        {
            var number = progress.Heads + 1;
            var heads = await new Checkpoint(tenant, number, at, progress.Digest, chains).WriteAsync(signer, cancellationToken);
            var digest = CanonicalJson.Digest(heads);
            using var content = new MemoryStream(heads, writable: false);
            var there = await archive.AddAsync(ArchiveName.OfCheckpoint(tenant, number), content, cancellationToken);
            progress = progress with { Heads = number, Digest = there ?? digest };
            if (there is null || there == digest) return progress;
        }
        await _index.SaveAsync(tenant, progress, cancellationToken);
        throw new ArchiveConflictException($"The archive holds more checkpoints of tenant {tenant} than were known, {progress.Heads} so far; the next pass goes on from there.");
    }
}
