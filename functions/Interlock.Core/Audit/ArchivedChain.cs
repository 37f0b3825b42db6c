using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>Where a chain ended when it was looked at; with the name and digest of its object if it was finished and is in the archive.</summary>
internal sealed record ArchivedChain(string Chain, long Seq, string Hash, string? Object = null, string? Digest = null)
{
    public JsonValue ToJson()
    {
        var json = JsonValue.Object(("seq", Seq), ("hash", Hash));
        return Object is null || Digest is null ? json : json.With("object", Object).With("digest", Digest);
    }
}
