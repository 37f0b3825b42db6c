using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Policy;

/// <summary>The rules of a tenant at one moment, named by the digest of their canonical JSON. Their order has no meaning.</summary>
public sealed record PolicySet
{
    internal PolicySet(ImmutableArray<PolicyRule> rules, JsonValue document) =>
        (Rules, Document, Digest) = (rules, document, CanonicalJson.Digest(document));

    public ImmutableArray<PolicyRule> Rules { get; }

    /// <summary>The document as JSON.</summary>
    public JsonValue Document { get; }

    public string Digest { get; }

    /// <summary>Reads a policy document; every error found is returned, with its place.</summary>
    public static PolicyParseResult Parse(string yaml) => PolicyReader.Read(yaml);

    public bool Equals(PolicySet? other) => other is not null && Digest == other.Digest;

    public override int GetHashCode() => Digest.GetHashCode(StringComparison.Ordinal);
}
