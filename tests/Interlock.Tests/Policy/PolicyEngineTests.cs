using Interlock.Core;
using Interlock.Core.Policy;
using Interlock.Json;
using static Interlock.Tests.Policy.Policies;

namespace Interlock.Tests.Policy;

public sealed class PolicyEngineTests
{
    private const string AllowAll = "id: all, tools: ['*/*'], agents: ['*'], effect: allow";
    private const string Guard = "id: guard, tools: ['*/*'], effect: requireApproval, approval: { approvers: [{ group: sre }], quorum: 2 }";

    [Fact]
    public void Decide_NoRule_IsDeniedByDefault()
    {
        var decision = Decide(Call());

        Assert.Equal((PolicyEffect.Deny, PolicyRules.DefaultDeny), (decision.Effect, decision.RefusalRule));
        Assert.Empty(decision.RuleIds);
    }

    [Fact]
    public void Decide_Allowed_CarriesRulesDigestAndNow()
    {
        var policies = Set(AllowAll, "id: one, tools: [crm/read], effect: allow");
        var decision = PolicyEngine.Decide(policies, Call());

        Assert.Equal(PolicyEffect.Allow, decision.Effect);
        Assert.Equal(["all", "one"], decision.RuleIds);
        Assert.Equal((policies.Digest, Now, null), (decision.PolicyDigest, decision.Now, decision.RefusalRule));
    }

    [Theory]
    [InlineData("group: support", true)]
    [InlineData("group: Support", false)]
    [InlineData("user: ana", true)]
    [InlineData("user: ANA", false)]
    [InlineData("app: ana", false)]
    [InlineData("agent: ana", false)]
    [InlineData("group: ana", false)]
    [InlineData("any: true", true)]
    public void Decide_ByPrincipal_MatchesItsKindAndIdExactly(string principal, bool allowed)
    {
        var decision = Decide(Call(starter: User("ana", "support")), $"id: a, principals: [{{ {principal} }}], tools: ['crm/*'], effect: allow");
        Assert.Equal(allowed ? PolicyEffect.Allow : PolicyEffect.Deny, decision.Effect);
    }

    [Theory]
    [InlineData("crm/*", "crm/read", true)]
    [InlineData("crm/*", "crm2/read", false)]
    [InlineData("crm/*", "crm/a/b", true)]
    [InlineData("*/read", "crm/read", true)]
    [InlineData("*/read", "crm/x/read", false)]
    [InlineData("c*m/r*d", "crm/rad", true)]
    [InlineData("crm/r*a*d", "crm/read", true)]
    [InlineData("crm/read", "crm/Read", false)]
    [InlineData("crm/read", "crm/reads", false)]
    [InlineData("crm/*a*b*c*d", "crm/aaaaabbbbbcccccd", true)]
    [InlineData("crm/*a*b*c*d", "crm/aaaaabbbbbcccccde", false)]
    [InlineData("crm/.", "crm/x", false)]
    public void Decide_ByToolPattern_MatchesServerAndToolApart(string pattern, string target, bool matches)
    {
        Assert.Equal(matches, Decide(Call(target), $"id: a, tools: ['{pattern}'], effect: allow").Effect == PolicyEffect.Allow);
        Assert.Equal(matches, Decide(Call(target), AllowAll, $"id: a, tools: ['{pattern}'], effect: deny").Effect == PolicyEffect.Deny);
    }

    [Fact]
    public void Decide_ToolRuleForAnAgent_DoesNotApply()
    {
        var call = Call("classifier", kind: TargetKind.Agent);
        Assert.Equal(PolicyRules.DefaultDeny, Decide(call, "id: a, tools: ['*/*'], effect: allow").RefusalRule);
        Assert.Equal(PolicyEffect.Allow, Decide(call, "id: a, agents: [classifier], effect: allow").Effect);
    }

    [Fact]
    public void Decide_DenyForAnyMember_Wins()
    {
        var call = Call(starter: User("ana", "support"), owner: "workflow:support/fix", agent: "classifier");
        foreach (var principal in new[] { "user: ana", "group: support", "agent: classifier", "workflow: support/fix", "any: true" })
        {
            var decision = Decide(call, AllowAll, Guard, $"id: no, principals: [{{ {principal} }}], tools: ['*/*'], effect: deny, reason: Not on Tuesdays.");
            Assert.Equal((PolicyEffect.Deny, PolicyRules.Denied, "Not on Tuesdays."), (decision.Effect, decision.RefusalRule, decision.Reason));
            Assert.Equal(["no"], decision.RuleIds);
            Assert.Null(decision.Floor);
        }
    }

    [Theory]
    [InlineData("user: ana", "workflow: support/fix", "agent: classifier", null)]
    [InlineData("user: ana", "workflow: support/fix", "agent: other", PolicyRules.ChainNotAuthorized)]
    [InlineData("user: ana", "workflow: support/other", "agent: classifier", PolicyRules.ChainNotAuthorized)]
    [InlineData("user: eve", "workflow: support/other", "agent: classifier", PolicyRules.DefaultDeny)]
    public void Decide_Chain_AllowsOnlyWhatEveryMemberMay(string first, string second, string third, string? rule)
    {
        var rules = new[] { first, second, third }.Select((principal, i) => $"id: r{i}, principals: [{{ {principal} }}], tools: ['crm/*'], effect: allow");
        var decision = Decide(Call(owner: "workflow:support/fix", agent: "classifier"), [.. rules]);

        Assert.Equal(rule, decision.RefusalRule);
        Assert.Equal(rule is null ? PolicyEffect.Allow : PolicyEffect.Deny, decision.Effect);
    }

    [Fact]
    public void Decide_RuleForAWorkflow_CoversTheStarterInItAndNobodyElse()
    {
        const string rule = "id: fix, principals: [{ workflow: support/fix }], tools: ['crm/*'], effect: allow";
        const string ben = "id: ben, principals: [{ user: ben }], tools: ['crm/*'], effect: allow";
        var inside = Call(starter: User("eve"), owner: "user:ben") with { Workflow = "support/fix" };

        Assert.Equal(PolicyEffect.Allow, Decide(inside, rule, ben).Effect);
        Assert.Equal(PolicyRules.ChainNotAuthorized, Decide(inside, rule).RefusalRule);
        Assert.Equal(PolicyRules.ChainNotAuthorized, Decide(Call(starter: User("eve"), owner: "user:eve") with { Workflow = "support/fix" }, rule).RefusalRule);
        Assert.Equal(PolicyRules.DefaultDeny, Decide(inside with { Workflow = "support/other" }, rule).RefusalRule);
        Assert.Equal(PolicyRules.DefaultDeny, Decide(inside with { Workflow = null }, rule).RefusalRule);
        var withAgent = Call(starter: User("eve"), owner: "user:ben", agent: "classifier") with { Workflow = "support/fix" };
        Assert.Equal(PolicyRules.ChainNotAuthorized, Decide(withAgent, rule, ben).RefusalRule);
    }

    [Fact]
    public void Decide_RequireApprovalForOneMember_PermitsItAndGuardsTheWholeCall()
    {
        var decision = Decide(Call(agent: "classifier"),
            "id: a, principals: [{ user: ana }], tools: ['crm/*'], effect: allow",
            "id: b, principals: [{ agent: classifier }], tools: ['crm/*'], effect: requireApproval, approval: { approvers: [{ group: sre }] }");

        Assert.Equal(PolicyEffect.RequireApproval, decision.Effect);
        Assert.Equal(["a", "b"], decision.RuleIds);
        Assert.Equal(new ApproverRequirement([new(ApproverKind.Group, "sre")], 1), Assert.Single(decision.Floor!.Requirements));
    }

    [Fact]
    public void Decide_OwnerIsAPersonOfUnknownGroups_TakesTheStricterReading()
    {
        var call = Call(owner: "user:ben");
        const string denyInterns = "id: no, principals: [{ group: interns }], tools: ['*/*'], effect: deny";
        const string allowLeads = "id: leads, principals: [{ group: leads }], tools: ['*/*'], effect: allow";
        const string allowAna = "id: ana, principals: [{ user: ana }], tools: ['*/*'], effect: allow";

        Assert.Equal(PolicyRules.Denied, Decide(call, AllowAll, denyInterns).RefusalRule);
        Assert.Equal(PolicyRules.ChainNotAuthorized, Decide(call, allowAna, allowLeads).RefusalRule);
        Assert.Equal(PolicyEffect.Allow, Decide(call with { WorkflowOwnerGroups = ["leads"] }, allowAna, allowLeads, denyInterns).Effect);
        Assert.Equal(PolicyEffect.Allow, Decide(Call(starter: User("ana", "leads"), owner: "user:ana"), allowLeads, denyInterns).Effect);
    }

    [Theory]
    [InlineData(".arguments.amount < 100", true)]
    [InlineData(".arguments.amount >= 100", false)]
    [InlineData(".starter.id == \"ana\" and (.starter.groups | index(\"support\") != null) and .starter.roles == [\"author\"]", true)]
    [InlineData(".target == \"crm/read\" and .kind == \"tool\" and .workflow == \"support/fix\" and .task == \"/do/0/fix\"", true)]
    [InlineData(".now == \"2026-03-03T08:30:00Z\"", true)]
    [InlineData("(now | floor) == (.now | fromdate)", true)]
    public void Decide_When_SeesTheCall(string when, bool applies)
    {
        var call = Call(starter: User("ana", "support"), arguments: JsonValue.Object(("amount", 42)));
        Assert.Equal(applies, Decide(call, $"id: a, tools: ['*/*'], effect: allow, when: '{when}'").Effect == PolicyEffect.Allow);
    }

    [Theory]
    [InlineData(".arguments.amount")]
    [InlineData("null")]
    [InlineData("empty")]
    [InlineData("true, true")]
    [InlineData("error(\"secret argument\")")]
    [InlineData(".arguments.x.y.z | keys")]
    [InlineData("[limit(10000000; repeat(1))] | length > 0")]
    [InlineData("def f: f | f; f")]
    public void Decide_WhenFailsOrGivesNoBoolean_RefusesWhateverTheEffect(string when)
    {
        foreach (var effect in new[] { "allow", "deny", "requireApproval, approval: { approvers: [{ group: sre }] }" })
        {
            var decision = Decide(Call(), AllowAll, $"id: bad, tools: ['*/*'], effect: {effect}, when: '{when}'");
            Assert.Equal((PolicyEffect.Deny, PolicyRules.Error), (decision.Effect, decision.RefusalRule));
            Assert.Equal(["bad"], decision.RuleIds);
            Assert.DoesNotContain("secret", decision.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Decide_FailingWhenOfARuleForOthers_DoesNotMatter()
    {
        Assert.Equal(PolicyEffect.Allow, Decide(Call(), AllowAll, "id: bad, tools: ['mail/*'], effect: allow, when: 'error'").Effect);
        Assert.Equal(PolicyEffect.Allow, Decide(Call(), AllowAll, "id: bad, principals: [{ user: eve }], tools: ['crm/*'], effect: deny, when: 'error'").Effect);
    }

    [Fact]
    public void Decide_AnyRuleAdded_WidensOnlyIfItPermits()
    {
        foreach (var (rules, call) in Cases())
        {
            var before = Decide(call, [.. rules]);
            foreach (var principal in Principals)
            {
                var denied = Decide(call, [.. rules, $"id: x, principals: [{{ {principal} }}], tools: ['*/*'], effect: deny"]);
                Assert.True(denied.Effect >= before.Effect);
                var broken = Decide(call, [.. rules, $"id: x, principals: [{{ {principal} }}], tools: ['*/*'], effect: allow, when: 'null'"]);
                Assert.True(broken.Effect >= before.Effect);
                var guarded = Decide(call, [.. rules, $"id: x, principals: [{{ {principal} }}], tools: ['*/*'], effect: requireApproval, approval: {{ approvers: [{{ user: zoe }}] }}"]);
                if (principal == "any: true") Assert.NotEqual(PolicyEffect.Allow, guarded.Effect);
                if (guarded.Effect == PolicyEffect.Allow) Assert.Equal(PolicyEffect.Allow, before.Effect);
            }
        }
    }

    [Fact]
    public void Decide_RulesInAnotherOrder_DecidesTheSame()
    {
        foreach (var (rules, call) in Cases())
        {
            var expected = Decide(call, [.. rules]).ToJson().Without("policyDigest");
            Assert.Equal(expected, Decide(call, [.. rules.Reverse()]).ToJson().Without("policyDigest"));
            Assert.Equal(expected, Decide(call, [.. rules.Skip(1), .. rules.Take(1)]).ToJson().Without("policyDigest"));
        }
    }

    private static readonly string[] Principals = ["any: true", "user: ana", "user: eve", "group: support", "agent: classifier", "workflow: support/fix"];

    /// <summary>Every choice of two or three from a table of rules, against calls of every shape of chain.</summary>
    private static IEnumerable<(IReadOnlyList<string> Rules, PolicyRequest Call)> Cases()
    {
        string[] table =
        [
            AllowAll,
            Guard,
            "id: guard2, principals: [{ group: support }], tools: ['crm/*'], effect: requireApproval, approval: { approvers: [{ user: zoe }, { group: sre }], excludeAuthor: false }",
            "id: ana, principals: [{ user: ana }], tools: ['crm/*'], effect: allow",
            "id: agents, principals: [{ agent: classifier }, { workflow: support/fix }], tools: ['crm/read'], effect: allow",
            "id: no, principals: [{ group: support }], tools: ['crm/*'], effect: deny, when: '.arguments.amount > 100'",
            "id: broken, principals: [{ agent: classifier }], tools: ['crm/*'], effect: deny, when: '.arguments.amount'",
        ];
        PolicyRequest[] calls =
        [
            Call(arguments: JsonValue.Object(("amount", 1))),
            Call(starter: User("ana", "support"), arguments: JsonValue.Object(("amount", 1000))),
            Call(starter: User("ana", "support"), owner: "workflow:support/fix", agent: "classifier"),
            Call(starter: User("eve"), owner: "user:ana"),
        ];
        for (var mask = 1; mask < 1 << table.Length; mask++)
        {
            if (int.PopCount(mask) > 3) continue;
            string[] rules = [.. table.Where((_, i) => (mask >> i & 1) == 1)];
            foreach (var call in calls) yield return (rules, call);
        }
    }
}
