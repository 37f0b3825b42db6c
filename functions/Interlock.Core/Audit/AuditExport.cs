using System.Globalization;
using System.Text;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// JSON Lines: per record <c>{ tenant, chain, seq, prev, hash, record }</c> as stored, then one line
/// <c>{ export: { tenant, at, part, parts, heads: { chain: { seq, hash } }, digest } }</c>, whose digest covers the other members, so that a missing end
/// or chain is noticed; one such line per 10,000 chains. A listed chain without records has the head <c>{ seq: 0, hash: genesis }</c>.
/// </summary>
internal static class AuditExport
{
    private const int HeadsPerLine = 10_000;

    public static async Task WriteAsync(ITableStore store, AuditLog log, TenantId tenant, DateTimeOffset at, Stream output, CancellationToken cancellationToken)
    {
        var heads = new List<KeyValuePair<string, JsonValue>>();
        await foreach (var id in log.ListChainsAsync(tenant, cancellationToken))
            heads.Add(new(id, await RecordsAsync(store, new AuditChain(tenant, id), output, cancellationToken)));
        await CloseAsync(tenant, at, heads, output, cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    /// <summary>One chain as an export of its own, which verifies by itself; gives the head that it ends with.</summary>
    public static async Task<JsonValue> WriteChainAsync(ITableStore store, AuditChain chain, DateTimeOffset at, Stream output, CancellationToken cancellationToken)
    {
        var head = await RecordsAsync(store, chain, output, cancellationToken);
        await CloseAsync(chain.Tenant, at, [new(chain.Id, head)], output, cancellationToken);
        await output.FlushAsync(cancellationToken);
        return head;
    }

    private static async Task<JsonValue> RecordsAsync(ITableStore store, AuditChain chain, Stream output, CancellationToken cancellationToken)
    {
        var head = JsonValue.Object(("seq", 0), ("hash", chain.Genesis));
        await foreach (var row in AuditRows.QueryAsync(store, chain, cancellationToken))
        {
            await LineAsync(output, Line(chain, row), cancellationToken);
            head = JsonValue.Object(("seq", row.Body["seq"] ?? JsonValue.Null), ("hash", row.Body["hash"] ?? JsonValue.Null));
        }
        return head;
    }

    private static async Task CloseAsync(
        TenantId tenant, DateTimeOffset at, List<KeyValuePair<string, JsonValue>> heads, Stream output, CancellationToken cancellationToken)
    {
        var parts = Math.Max(1, (heads.Count + HeadsPerLine - 1) / HeadsPerLine);
        for (var part = 1; part <= parts; part++)
        {
            var closing = JsonValue.Object(
                ("tenant", tenant.Value),
                ("at", at.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture)),
                ("part", part),
                ("parts", parts),
                ("heads", JsonValue.Object(heads.Skip((part - 1) * HeadsPerLine).Take(HeadsPerLine))));
            await LineAsync(output, JsonValue.Object(("export", closing.With("digest", CanonicalJson.Digest(closing)))), cancellationToken);
        }
    }

    /// <summary>
    /// The stored members as they are, even where they have lost their form. A row whose place contradicts its key shows its key too, which no
    /// well-formed line does.
    /// </summary>
    internal static JsonValue Line(AuditChain chain, TableRow row)
    {
        var line = JsonValue.Object(("tenant", chain.Tenant.Value), ("chain", chain.Id));
        if (!row.Body.IsObject) return line.With("row", row.Body);
        foreach (var (name, value) in row.Body.Members)
            line = line.With(name is "tenant" or "chain" ? "stored-" + name : name, value);
        var place = row.Body["seq"] is { IsNumber: true } seq && double.IsInteger(seq.AsNumber()) ? AuditChain.SeqRow((long)seq.AsNumber()) : null;
        return place == row.Key.Row ? line : line.With("row", row.Key.Row);
    }

    private static async Task LineAsync(Stream output, JsonValue line, CancellationToken cancellationToken) =>
        await output.WriteAsync(Encoding.UTF8.GetBytes(line.ToString() + "\n"), cancellationToken);
}
