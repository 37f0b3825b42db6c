using Interlock.Core.Audit.Checkpoints;

namespace Interlock.Core.Audit;

/// <summary>
/// Checks one chain's records in the order they come. Places that are skipped are remembered (a bounded number of gaps), so that a
/// record which turns up later is told apart from one that is gone.
/// </summary>
/// <param name="tenant">Whose chain.</param>
/// <param name="chain">Its id.</param>
/// <param name="anchored">Where it had come to each time that was anchored; empty where it was not.</param>
/// <param name="report">Takes what is found.</param>
internal sealed class ChainCheck(string tenant, string chain, IReadOnlyList<AnchoredHead> anchored, Action<AuditFinding> report)
{
    private const int MaxGaps = 64;

    private readonly List<(long From, long To)> _gaps = [];
    private readonly ILookup<long, AnchoredHead> _anchored = anchored.ToLookup(one => one.Seq);
    private readonly AnchoredHead? _furthest = anchored.MaxBy(one => one.Seq);
    private string _lastHash = new AuditChain(new TenantId(tenant), chain).Genesis;
    private (long Seq, string Hash)? _head;

    /// <summary>The highest place seen.</summary>
    public long Last { get; private set; }

    public void Add(RunningVerification.Line line)
    {
        CheckContent(line);
        foreach (var other in _anchored[line.Seq].Where(one => one.Hash != line.Hash))
            Report(AuditFindingKind.Edited, line.Seq, line.Number, $"It is not the record that checkpoint {other.Checkpoint} anchors here: this one, or one before it, was replaced.");
        if (line.Seq == Last + 1)
        {
            CheckLink(line);
            (Last, _lastHash) = (line.Seq, line.Hash);
        }
        else if (line.Seq > Last)
        {
            Gap(Last + 1, line.Seq - 1);
            (Last, _lastHash) = (line.Seq, line.Hash);
        }
        else if (FillGap(line.Seq))
        {
            Report(AuditFindingKind.Reordered, line.Seq, line.Number, "The record stands after its successors.");
        }
        else
        {
            Report(AuditFindingKind.Inserted, line.Seq, line.Number, "There is another record at this place.");
        }
    }

    /// <summary>The head that the export's end states.</summary>
    public void Close(long seq, string hash) => _head = (seq, hash);

    /// <param name="listed">Whether the tenant's export ended with a list of all its chains.</param>
    public void Complete(bool listed)
    {
        foreach (var (from, to) in _gaps) ReportGap(from, to);
        if (Last < _furthest?.Seq)
            Report(AuditFindingKind.HeadBelowAnchor, Last + 1, 0, $"head-below-anchor: the chain ends at {Last}, and checkpoint {_furthest.Checkpoint} anchors {_furthest.Seq}: its end was cut off, or this is an older copy.");
        if (Last == 0 && _head is null && _furthest is not null) return;
        if (listed && _head is null) Report(AuditFindingKind.Inserted, 1, 0, "The export's end does not list this chain.");
        if (_head is not { } head) return;
        if (Last == 0 && head.Seq == 0)
            Report(AuditFindingKind.MissingChain, 0, 0, "The chain is listed but holds no record: they were deleted, or the process stopped before the first was written.");
        else if (Last == 0) Report(AuditFindingKind.MissingChain, 0, 0, $"The chain is missing; it ended at {head.Seq}.");
        else if (Last < head.Seq) Report(AuditFindingKind.Truncated, Last + 1, 0, $"The chain ends at {Last}; it ended at {head.Seq}.");
        else if (Last > head.Seq) Report(AuditFindingKind.Inserted, head.Seq + 1, 0, $"The chain goes on to {Last}; it ended at {head.Seq}.");
        else if (_lastHash != head.Hash) Report(AuditFindingKind.Edited, Last, 0, "The last record is not the one that the export's end names.");
    }

    private void CheckContent(RunningVerification.Line line)
    {
        if (AuditEntry.HashOf(line.Seq, line.Prev, line.Record) != line.Hash)
            Report(AuditFindingKind.Edited, line.Seq, line.Number, "The record's content does not have its hash.");
        if (line.Record["tenant"]?.StringOrNull() != tenant || line.Record["chain"]?.StringOrNull() != chain)
            Report(AuditFindingKind.Inserted, line.Seq, line.Number, "The record belongs to another chain.");
    }

    private void CheckLink(RunningVerification.Line line)
    {
        if (line.Prev == _lastHash) return;
        if (Last == 0) Report(AuditFindingKind.Edited, 1, line.Number, "The first record does not start this chain.");
        else Report(AuditFindingKind.Edited, Last, line.Number, $"Record {Last} is not the one that record {line.Seq} names as its predecessor; either was replaced.");
    }

    private void Gap(long from, long to)
    {
        if (_gaps.Count == MaxGaps)
        {
            ReportGap(_gaps[0].From, _gaps[0].To);
            _gaps.RemoveAt(0);
        }
        _gaps.Add((from, to));
    }

    private bool FillGap(long seq)
    {
        var at = _gaps.FindIndex(gap => gap.From <= seq && seq <= gap.To);
        if (at < 0) return false;
        var (from, to) = _gaps[at];
        _gaps.RemoveAt(at);
        if (seq < to) Gap(seq + 1, to);
        if (from < seq) Gap(from, seq - 1);
        return true;
    }

    private void ReportGap(long from, long to) => Report(AuditFindingKind.Deleted, from, 0, from == to ? $"Record {from} is missing." : $"Records {from} to {to} are missing.");

    private void Report(AuditFindingKind kind, long seq, long line, string detail) => report(new(kind, tenant, chain, seq, line, detail));
}
