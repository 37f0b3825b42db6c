using System.Buffers.Text;
using System.Globalization;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Audit.Checkpoints;

/// <summary>
/// One anchor of a tenant's audit, as it stands in the archive:
/// <c>{ tenant, number, at, previous, root, chains: { chain: { seq, hash, object?, digest? } }, signature?: { alg: "ES256", kid, value } }</c>. Numbers count from 1 without gaps,
/// previous is the digest of the one before, and root the <see cref="MerkleTree"/> over the chains by name. The signature (base64url) is of the canonical JSON of
/// <c>{ at, number, previous, root, tenant, type: "interlock/checkpoint/v1" }</c>.
/// </summary>
internal sealed record Checkpoint(TenantId Tenant, long Number, string At, string? Previous, JsonValue Chains)
{
    private const string Type = "interlock/checkpoint/v1";
    private const string Algorithm = "ES256";

    /// <summary>Its bytes, signed where there is a signer.</summary>
    public async Task<byte[]> WriteAsync(ICheckpointSigner? signer, CancellationToken cancellationToken)
    {
        var json = JsonValue.Object(
            ("tenant", Tenant.Value), ("number", Number), ("at", At), ("previous", Previous is null ? JsonValue.Null : Previous), ("root", RootOf(Chains)), ("chains", Chains));
        if (signer is not null)
        {
            var signature = await signer.SignAsync(Signed(json), cancellationToken);
            json = json.With("signature", JsonValue.Object(("alg", Algorithm), ("kid", signature.Kid), ("value", Base64Url.EncodeToString(signature.Value.Span))));
        }
        return CanonicalJson.Serialize(json);
    }

    /// <summary>Reads one; what is wrong with it by itself is told.</summary>
    /// <param name="json">The object.</param>
    /// <param name="keys">The keys that may have signed it; empty to take it unsigned.</param>
    public static (Checkpoint? Read, string? Error) Read(JsonValue json, IReadOnlyList<SigningKey> keys)
    {
        if (json["tenant"]?.StringOrNull() is not { } tenant || json["number"] is not { IsNumber: true } number || !double.IsInteger(number.AsNumber()) || json["at"]?.StringOrNull() is not { } at
            || json["previous"] is not { } previous || json["chains"] is not { IsObject: true } chains || json["root"]?.StringOrNull() is not { } root)
            return (null, "it lacks tenant, number, at, previous, root or chains");
        if (root != RootOf(chains)) return (null, "its root is not that of its chains");
        if (keys.Count > 0 && !IsSigned(json, keys)) return (null, "none of the keys given has signed it");
        return (new(new TenantId(tenant), (long)number.AsNumber(), at, previous.StringOrNull(), chains), null);
    }

    private static bool IsSigned(JsonValue json, IReadOnlyList<SigningKey> keys)
    {
        if (json["signature"] is not { } signature || signature["alg"]?.StringOrNull() != Algorithm || signature["value"]?.StringOrNull() is not { } text || StrictBase64Url.Decode(text) is not { } value) return false;
        var signed = Signed(json);
        return keys.Any(key => key.Kid == signature["kid"]?.StringOrNull() && key.Verify(Algorithm, signed, value));
    }

    private static byte[] Signed(JsonValue json) => CanonicalJson.Serialize(JsonValue.Object(
        ("type", Type), ("tenant", json["tenant"]!), ("number", json["number"]!), ("at", json["at"]!), ("previous", json["previous"]!), ("root", json["root"]!))); // it has all of them: it was read, or is being written

    private static string RootOf(JsonValue chains)
    {
        var leaves = chains.Members.OrderBy(chain => chain.Key, StringComparer.Ordinal).Select(chain => CanonicalJson.Serialize(JsonValue.Array(chain.Key, chain.Value))).ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"sha256:{Convert.ToHexStringLower(MerkleTree.Root(leaves))}");
    }
}
