using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Json;

namespace Interlock.Tests.Policy;

internal static class Policies
{
    public static readonly DateTimeOffset Now = new(2026, 3, 3, 8, 30, 0, TimeSpan.Zero);

    public static PolicySet Set(params string[] rules)
    {
        var result = PolicySet.Parse(Document(rules));
        Assert.True(result is PolicyParseResult.Parsed, result is PolicyParseResult.Invalid invalid ? string.Join('\n', invalid.Errors) : null);
        return ((PolicyParseResult.Parsed)result).Policies;
    }

    /// <summary>Each rule in YAML's flow form, without the braces.</summary>
    public static string Document(params string[] rules) =>
        rules.Length == 0 ? "version: 1\nrules: []\n" : "version: 1\nrules:\n" + string.Concat(rules.Select(rule => $"  - {{ {rule} }}\n"));

    public static Principal User(string id = "ana", params string[] groups) =>
        new(new TenantId("contoso"), id, PrincipalKind.User, id, [.. groups], ["author"]);

    public static PolicyRequest Call(
        string target = "crm/read", Principal? starter = null, string? owner = null, string? agent = null,
        TargetKind kind = TargetKind.Tool, JsonValue? arguments = null, ImmutableArray<string>? ownerGroups = null) =>
        new(new ActorChain(starter ?? User(), owner, agent), kind, target, "sha256:contract", arguments ?? JsonValue.EmptyObject, Now, "support/fix", new TaskPath("/do/0/fix"))
        {
            WorkflowOwnerGroups = ownerGroups,
        };

    public static PolicyDecision Decide(PolicyRequest request, params string[] rules) => PolicyEngine.Decide(Set(rules), request);
}
