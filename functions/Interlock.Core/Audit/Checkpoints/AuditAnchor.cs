using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Audit.Checkpoints;

/// <summary>
/// What a tenant's checkpoints say together: where each chain had come to at each of them, so that a later one, made of a chain that was rewritten by then, covers up nothing. What is wrong
/// with the checkpoints themselves is kept as findings: an anchor that lies proves nothing. Memory grows with the heads anchored.
/// </summary>
public sealed class AuditAnchor
{
    private readonly Dictionary<string, List<AnchoredHead>> _heads = new(StringComparer.Ordinal);
    private readonly List<AuditFinding> _findings = [];

    private AuditAnchor(bool isSigned) => IsSigned = isSigned;

    /// <summary>Null before the first checkpoint.</summary>
    public TenantId? Tenant { get; private set; }

    /// <summary>The latest checkpoint.</summary>
    public long Number { get; private set; }

    /// <summary>When that was.</summary>
    public string At { get; private set; } = "";

    /// <summary>Whether each one's signature was asked for.</summary>
    public bool IsSigned { get; }

    internal IReadOnlyDictionary<string, List<AnchoredHead>> Heads => _heads;

    internal IReadOnlyList<AuditFinding> Findings => _findings;

    /// <param name="checkpoints">The checkpoints in the order of their numbers, each as it was stored.</param>
    /// <param name="keys">The keys that may have signed them; none takes them unsigned.</param>
    /// <param name="atLeast">The number of a checkpoint that is known to exist: fewer are a finding.</param>
    /// <param name="cancellationToken">Stops between two.</param>
    public static async Task<AuditAnchor> ReadAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> checkpoints, IReadOnlyList<SigningKey> keys, long atLeast = 1, CancellationToken cancellationToken = default)
    {
        var anchor = new AuditAnchor(keys.Count > 0);
        string? previous = null;
        await foreach (var bytes in checkpoints.WithCancellation(cancellationToken))
        {
            anchor.Add(bytes, previous, keys);
            previous = CanonicalJson.Digest(bytes.Span);
        }
        if (anchor.Number < atLeast) anchor.Report($"The checkpoints end at {anchor.Number}; number {atLeast} is known to exist.");
        return anchor;
    }

    private void Add(ReadOnlyMemory<byte> bytes, string? previous, IReadOnlyList<SigningKey> keys)
    {
        var expected = Number + 1;
        JsonValue json;
        try
        {
            json = StrictJson.Parse(bytes.Span);
        }
        catch (NotIJsonException e)
        {
            Number = expected;
            Report($"Checkpoint {expected} can't be read: {e.Message}");
            return;
        }
        var (read, error) = Checkpoint.Read(json, keys);
        Number = expected;
        if (read is null) Report($"Checkpoint {expected} is not as it was written: {error}.");
        else if (read.Number != expected) Report($"Checkpoint {read.Number} stands in the place of checkpoint {expected}.");
        else if (read.Previous != previous) Report($"Checkpoint {expected} was not made after the one that stands before it.");
        else if (Tenant is { } tenant && tenant != read.Tenant) Report($"Checkpoint {expected} is another tenant's.");
        else Take(read);
    }

    private void Take(Checkpoint checkpoint)
    {
        (Tenant, At) = (checkpoint.Tenant, checkpoint.At);
        foreach (var (chain, head) in checkpoint.Chains.Members)
        {
            if (head["seq"] is not { IsNumber: true } seq || head["hash"]?.StringOrNull() is not { } hash)
            {
                Report($"Checkpoint {checkpoint.Number} gives the chain '{chain}' no head.");
                continue;
            }
            if (!_heads.TryGetValue(chain, out var anchored)) _heads.Add(chain, anchored = []);
            var one = new AnchoredHead((long)seq.AsNumber(), hash, checkpoint.Number);
            if (!anchored.Exists(known => known.Seq == one.Seq && known.Hash == one.Hash)) anchored.Add(one);
        }
    }

    private void Report(string detail) => _findings.Add(new(AuditFindingKind.Anchor, Tenant?.Value, null, 0, 0, detail));
}

/// <summary>Where a chain had come to at a checkpoint.</summary>
internal sealed record AnchoredHead(long Seq, string Hash, long Checkpoint);
