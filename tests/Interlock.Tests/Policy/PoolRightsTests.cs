using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Json;
using Interlock.Tests.Gateway;
using static Interlock.Tests.Policy.Policies;

namespace Interlock.Tests.Policy;

public sealed class PoolRightsTests
{
    private const string AllowAll = "id: all, tools: ['*/*'], agents: ['*'], effect: allow";

    private readonly StubDirectory _directory = new();

    [Theory]
    [InlineData("id: no, tools: [crm/close], effect: deny", false)]
    [InlineData("id: no, tools: [crm/close], effect: deny, when: .arguments.all", true)]
    [InlineData("id: no, tools: [crm/close], effect: deny, when: error(\"x\")", true)]
    [InlineData("id: no, principals: [{ user: eve }], tools: [crm/close], effect: deny", true)]
    [InlineData("id: no, principals: [{ agent: planner }], tools: [crm/close], effect: deny", false)]
    [InlineData("id: no, principals: [{ agent: '*' }], tools: [crm/close], effect: deny", false)]
    [InlineData("id: guard, tools: [crm/close], effect: requireApproval, approval: { approvers: [{ group: sre }] }", true)]
    public async Task Divide_ByDeny_LeavesOutWhatNoArgumentsCouldPass(string rule, bool usable)
    {
        var (members, excluded) = await DivideAsync(new ActorChain(User(), "user:owner", "planner"), AllowAll, rule);

        Assert.Equal(usable ? ["crm/close", "helper"] : ["helper"], members.Select(member => member.Target));
        if (!usable) Assert.Equal(("crm/close", "policy-denied: Rule 'no' denies crm/close."), (Assert.Single(excluded).Target, excluded[0].Why));
    }

    [Theory]
    [InlineData("{ user: ana }, { user: owner }, { agent: planner }", null)]
    [InlineData("{ user: ana }, { group: publishers }, { agent: '*' }", null)]
    [InlineData("{ workflow: support/fix }, { user: owner }, { agent: planner }", null)]
    [InlineData("{ user: owner }, { agent: planner }", "policy-default-deny: No rule allows user:ana")]
    [InlineData("{ user: ana }, { agent: planner }", "chain-not-authorized: No rule allows user:owner")]
    [InlineData("{ user: ana }, { user: owner }", "chain-not-authorized: No rule allows agent:planner")]
    [InlineData("{ user: ana }, { user: owner }, { agent: other }", "chain-not-authorized: No rule allows agent:planner")]
    public async Task Divide_ByPermission_AsksEveryMemberOfTheChain(string principals, string? why)
    {
        _directory.Add(new TenantId("contoso"), "owner", "publishers");
        var (members, excluded) = await DivideAsync(new ActorChain(User(), "user:owner", "planner"), $"id: a, principals: [{principals}], tools: ['*/*'], effect: allow", "id: b, agents: ['*'], effect: allow");

        Assert.Equal(why is null ? 2 : 1, members.Length);
        if (why is not null) Assert.StartsWith(why, Assert.Single(excluded).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Divide_PermissionUnderACondition_StaysInThePool()
    {
        var (members, _) = await DivideAsync(new ActorChain(User(), "user:owner", "planner"), "id: a, tools: ['*/*'], agents: ['*'], when: .arguments.small, effect: allow");
        Assert.Equal(2, members.Length);
    }

    /// <summary>An agent that chose another one, or a workflow, bounds what that may do: it is behind the chain.</summary>
    [Fact]
    public async Task Divide_AgentBehindTheChain_NeedsItsRuleToo()
    {
        var chain = new ActorChain(User(), "user:owner", "helper") { Behind = ["agent:planner"] };
        var (members, excluded) = await DivideAsync(chain, "id: a, principals: [{ user: ana }, { user: owner }, { agent: helper }], tools: ['*/*'], agents: ['*'], effect: allow");

        Assert.Empty(members);
        Assert.All(excluded, one => Assert.StartsWith("chain-not-authorized: No rule allows agent:planner", one.Why, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("planner", true)]
    [InlineData(null, false)]
    public void Decide_AnyAgent_NamesAgentsAndNobodyElse(string? agent, bool denied)
    {
        var decision = Decide(Call(starter: User(), agent: agent), AllowAll, "id: no, principals: [{ agent: '*' }], tools: ['*/*'], effect: deny");
        Assert.Equal(denied ? PolicyEffect.Deny : PolicyEffect.Allow, decision.Effect);
    }

    private Task<(System.Collections.Immutable.ImmutableArray<PoolMember> Usable, System.Collections.Immutable.ImmutableArray<PoolExclusion> Excluded)> DivideAsync(ActorChain chain, params string[] rules) =>
        PoolRights.DivideAsync(
            Set(rules), _directory, chain,
            [new PoolMember("crm_close", PoolKind.Tool, "crm/close", "1.0.0", "sha256:c", "", JsonValue.True), new PoolMember("helper", PoolKind.Agent, "helper", "1.0.0", "sha256:h", "", JsonValue.True)],
            "support/fix", Now, TestContext.Current.CancellationToken);
}
