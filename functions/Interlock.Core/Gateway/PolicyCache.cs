using System.Collections.Concurrent;
using Interlock.Core.Policy;
using Interlock.Core.Registry;

namespace Interlock.Core.Gateway;

/// <summary>The parsed policy of a registry snapshot; a tenant without one has the empty policy, which denies everything.</summary>
public sealed class PolicyCache
{
    /// <summary>The name of the one policy entry of a tenant.</summary>
    public const string EntryName = "policy";

    private const int MaxParsed = 256;

    private static readonly PolicySet DenyAll = Parse("version: 1\nrules: []\n");
    private readonly ConcurrentDictionary<string, PolicySet> _parsed = new(StringComparer.Ordinal);

    public PolicySet Of(RegistrySnapshot registry)
    {
        if (registry.Newest(RegistryKind.Policy, EntryName) is not { } entry) return DenyAll;
        if (_parsed.Count > MaxParsed) _parsed.Clear();
        return _parsed.GetOrAdd(entry.Digest, static (_, body) => Parse(body.Text), entry.As<PolicyBody>());
    }

    /// <summary>Policies are checked before they are registered, so one that does not parse is a bug.</summary>
    private static PolicySet Parse(string text) => PolicySet.Parse(text) switch
    {
        PolicyParseResult.Parsed parsed => parsed.Policies,
        PolicyParseResult.Invalid invalid => throw new InvalidOperationException($"The registered policy does not parse: {string.Join("; ", invalid.Errors)}"),
        var other => throw new InvalidOperationException($"Unexpected {other.GetType().Name}."),
    };
}
