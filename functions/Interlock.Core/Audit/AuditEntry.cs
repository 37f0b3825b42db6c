using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// A record at its place: <see cref="Seq"/> counts from 1 without gaps, <see cref="Prev"/> is the predecessor's hash (the first one's:
/// <see cref="AuditChain.Genesis"/>), <see cref="Hash"/> the digest of the canonical JSON of <c>{ prev, record, seq }</c>.
/// </summary>
public sealed record AuditEntry(long Seq, string Prev, string Hash, AuditRecord Record)
{
    internal static string HashOf(long seq, string prev, JsonValue record) =>
        CanonicalJson.Digest(JsonValue.Object(("seq", seq), ("prev", prev), ("record", record)));
}
