using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Policy;

/// <summary>The rules of a tenant at one moment, named by the digest of their canonical JSON. Their order has no meaning.</summary>
public sealed record PolicySet
{
    internal PolicySet(ImmutableArray<PolicyRule> rules, ImmutableArray<PublisherRule>? publishers, JsonValue document) =>
        (Rules, Publishers, Document, Digest) = (rules, publishers, document, CanonicalJson.Digest(document));

    public ImmutableArray<PolicyRule> Rules { get; }

    /// <summary>Who may publish which events; null where the document does not say, and then whoever may deliver events may deliver any.</summary>
    public ImmutableArray<PublisherRule>? Publishers { get; }

    /// <summary>The document as JSON.</summary>
    public JsonValue Document { get; }

    public string Digest { get; }

    /// <summary>Reads a policy document; every error found is returned, with its place.</summary>
    public static PolicyParseResult Parse(string yaml) => PolicyReader.Read(yaml);

    /// <summary>Whether this one may publish such an event; who else is behind it is asked about one by one.</summary>
    internal bool MayPublish(ChainMember publisher, string type, string source) => Publishers is not { } rules || rules.Any(rule => rule.Allows(publisher, type, source));

    public bool Equals(PolicySet? other) => other is not null && Digest == other.Digest;

    public override int GetHashCode() => Digest.GetHashCode(StringComparison.Ordinal);
}
