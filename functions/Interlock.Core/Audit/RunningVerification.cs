using Interlock.Core.Audit.Checkpoints;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>A verification under way: takes lines in any interleaving, then closes the chains.</summary>
/// <param name="anchor">What was anchored outside, of one tenant; null for nothing.</param>
internal sealed class RunningVerification(AuditAnchor? anchor)
{
    private const int MaxFindings = 100;

    private readonly Dictionary<(string Tenant, string Chain), ChainCheck> _chains = [];
    private readonly Dictionary<string, ExportEnd> _ends = new(StringComparer.Ordinal);
    private readonly List<AuditFinding> _findings = [];
    private long _findingCount;
    private long _records;

    public void AddMalformed(long line, string detail) => Report(new(AuditFindingKind.Malformed, null, null, 0, line, detail));

    public void AddEmptyChain(AuditChain chain) => Chain(chain.Tenant.Value, chain.Id).Close(0, chain.Genesis);

    public void Add(JsonValue line, long number)
    {
        if (line["export"] is { } export)
        {
            Close(line, export, number);
            return;
        }
        if (Line.Read(line, number) is not { } read)
        {
            Report(new(AuditFindingKind.Malformed, line["tenant"]?.StringOrNull(), line["chain"]?.StringOrNull(), 0, number,
                "An audit line holds exactly tenant, chain, seq, prev, hash and record."));
            return;
        }
        _records++;
        if (_ends.ContainsKey(read.Tenant))
            Report(new(AuditFindingKind.Inserted, read.Tenant, read.Chain, read.Seq, number, "The record stands after the end of its tenant's export."));
        Chain(read.Tenant, read.Chain).Add(read);
    }

    public AuditVerification Complete()
    {
        foreach (var finding in anchor?.Findings ?? []) Report(finding);
        if (anchor?.Tenant is { } anchored)
            foreach (var chain in anchor.Heads.Keys) Chain(anchored.Value, chain);
        foreach (var ((tenant, _), check) in _chains) check.Complete(listed: IsClosed(tenant));
        foreach (var (tenant, end) in _ends)
            if (!end.IsComplete) Report(new(AuditFindingKind.Truncated, tenant, null, 0, 0, "Of the export's closing lines some are missing."));
        var excluded = _ends.Count > 0 && _ends.Keys.Concat(_chains.Keys.Select(key => key.Tenant)).All(IsClosed);
        return new(_records, _chains.Values.Count(check => check.Last > 0), _findings, excluded, _findingCount) { Anchor = anchor };
    }

    private bool IsClosed(string tenant) => _ends.TryGetValue(tenant, out var end) && end.IsComplete;

    private ChainCheck Chain(string tenant, string chain)
    {
        if (!_chains.TryGetValue((tenant, chain), out var check))
            _chains.Add((tenant, chain), check = new ChainCheck(tenant, chain, anchor?.Tenant?.Value == tenant ? anchor.Heads.GetValueOrDefault(chain) ?? [] : [], Report));
        return check;
    }

    private void Close(JsonValue line, JsonValue export, long number)
    {
        if (line.Count != 1 || export.Count != 6 || export["tenant"]?.StringOrNull() is not { } tenant || export["heads"] is not { IsObject: true } heads
            || export["part"] is not { IsNumber: true } part || export["parts"] is not { IsNumber: true } parts
            || export["digest"]?.StringOrNull() != CanonicalJson.Digest(export.Without("digest")))
        {
            AddMalformed(number, "The export's closing line is not as it was written.");
            return;
        }
        if (!_ends.TryGetValue(tenant, out var end)) _ends.Add(tenant, end = new ExportEnd(parts.AsNumber()));
        if (!end.Add(part.AsNumber(), parts.AsNumber()))
        {
            AddMalformed(number, "The tenant's export was closed before.");
            return;
        }
        foreach (var (chain, head) in heads.Members)
        {
            if (head["seq"] is { IsNumber: true } seq && head["hash"]?.StringOrNull() is { } hash) Chain(tenant, chain).Close((long)seq.AsNumber(), hash);
            else Report(new(AuditFindingKind.Malformed, tenant, chain, 0, number, "The closing line gives the chain no head; its last row had lost it when it was exported."));
        }
    }

    private void Report(AuditFinding finding)
    {
        _findingCount++;
        if (_findings.Count < MaxFindings) _findings.Add(finding);
    }

    /// <summary>Which of a tenant's closing lines were seen.</summary>
    private sealed class ExportEnd(double parts)
    {
        private readonly HashSet<double> _seen = [];

        public bool IsComplete => _seen.Count == parts;

        public bool Add(double part, double of) => of == parts && part >= 1 && part <= parts && double.IsInteger(part) && _seen.Add(part);
    }

    internal sealed record Line(string Tenant, string Chain, long Seq, string Prev, string Hash, JsonValue Record, long Number)
    {
        public static Line? Read(JsonValue line, long number)
        {
            if (!line.IsObject || line.Count != 6
                || line["tenant"]?.StringOrNull() is not { } tenant || line["chain"]?.StringOrNull() is not { } chain
                || line["seq"] is not { IsNumber: true } seq || line["prev"]?.StringOrNull() is not { } prev
                || line["hash"]?.StringOrNull() is not { } hash || line["record"] is not { IsObject: true } record)
                return null;
            var place = seq.AsNumber();
            return double.IsInteger(place) && place is >= 1 and <= 9007199254740991 ? new(tenant, chain, (long)place, prev, hash, record, number) : null;
        }
    }
}
