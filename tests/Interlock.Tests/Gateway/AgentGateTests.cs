using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Runs;

namespace Interlock.Tests.Gateway;

/// <summary>Gates for calls that an agent chose: policy says who is asked, and the grant is for the agent's call and nobody else's.</summary>
public sealed class AgentGateTests
{
    private const string Policy =
        """
        version: 1
        rules:
          - { id: reads, tools: ['crm/read'], effect: allow }
          - { id: people, principals: [ { user: ana }, { user: owner }, { agent: planner }, { agent: helper } ], tools: ['crm/*'], effect: allow }
          - { id: guarded, tools: ['crm/apply'], effect: requireApproval, approval: { approvers: [ { group: sre } ], quorum: 2 } }
          - { id: money, tools: ['crm/apply'], when: '.arguments.service == "bank"', effect: requireApproval, approval: { approvers: [ { user: zoe } ], excludeAuthor: false } }
          - { id: never, tools: ['crm/drop'], effect: deny }
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Chooser Planner { get; } = new("planner", "Fix the mail", "The index is broken", new FrameId("/do/0/triage"), 3, 2);

    [Fact]
    public async Task Open_AskingPolicy_AsksThePeopleOfItsFloorForJustThisCall()
    {
        await using var world = await World.CreateAsync(Policy);
        var mail = (await OpenAsync(world, Asking(world, "gate-1"))).Value!; // allowed, here and below
        var bank = (await OpenAsync(world, Asking(world, "gate-2", World.Cover(arguments: World.Arguments("""{"service":"bank"}"""))))).Value!;

        Assert.Equal(new ApproverRequirement([new Approver(ApproverKind.Group, "sre")], 2), Assert.Single(mail.Request.Requirements));
        Assert.Equal(2, bank.Request.Requirements.Length);
        Assert.Contains(bank.Request.Requirements, one => one.Approvers.Contains(new Approver(ApproverKind.User, "zoe")));
        var stored = (await world.Node.Desk.FindAsync(World.Tenant, mail.Id, Token))!; // just opened
        Assert.Equal((true, "planner", "The index is broken"), (stored.Request.AsksPolicy, stored.Request.ChosenBy!.Agent, stored.Request.ChosenBy.Reason));
        var opened = (await world.RecordsAsync(AuditTypes.GateOpened)).First(record => record.Gate == mail.Id);
        Assert.Equal("""{"agent":"planner","loop":"/do/0/triage","turn":3,"call":2}""", opened.Details!["chosenBy"]!.ToString());
        Assert.DoesNotContain("index is broken", opened.ToJson().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_NamingPeopleWhileAskingPolicy_AsksPolicysAllTheSame()
    {
        await using var world = await World.CreateAsync(Policy);
        var request = Asking(world, "gate-1") with { Approvers = [new Approver(ApproverKind.User, "ana")], Quorum = 1, ExcludeInitiator = false, Also = [new([new Approver(ApproverKind.User, "ana")], 1)] };
        var gate = (await OpenAsync(world, request)).Value!;
        Assert.Equal(new ApproverRequirement([new Approver(ApproverKind.Group, "sre")], 2), Assert.Single(gate.Request.Requirements));
    }

    [Fact]
    public async Task Open_PolicyNamesNobody_IsRefusedOnce()
    {
        await using var world = await World.CreateAsync(Policy);
        var request = Asking(world, "gate-1", World.Cover("crm/read"));
        for (var i = 0; i < 2; i++)
        {
            var opened = await OpenAsync(world, request);
            Assert.Equal(("no-approvers", 403), (opened.Refusal!.Rule, opened.Refusal.Status));
            Assert.Null(await world.Node.Desk.FindAsync(World.Tenant, request.Id, Token));
            Assert.Equal(["user:ana", "user:owner", "agent:planner"], Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Actors);
        }
    }

    [Theory]
    [InlineData("crm/drop", "planner", "policy-denied")]
    [InlineData("crm/revert", "stranger", "chain-not-authorized")]
    public async Task Open_CallThatPolicyRefusesTheAgent_IsRefused(string tool, string agent, string rule)
    {
        await using var world = await World.CreateAsync(Policy);
        var opened = await OpenAsync(world, Asking(world, "gate-1", World.Cover(tool)) with { ChosenBy = Planner with { Agent = agent } });
        Assert.Equal(rule, opened.Refusal!.Rule);
        Assert.Equal(rule, Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
    }

    [Fact]
    public async Task Open_PeopleOfTheDocument_StillCannotBeWeakerThanPolicy()
    {
        await using var world = await World.CreateAsync(Policy);
        var weak = Asking(world, "gate-1") with { AsksPolicy = false, Approvers = [new Approver(ApproverKind.Group, "sre")], Quorum = 1 };
        Assert.Equal(ApprovalFloor.Rule, (await OpenAsync(world, weak)).Refusal!.Rule);
        var strong = (await OpenAsync(world, weak with { Id = new GateId("gate-2"), Quorum = 3 })).Value!;
        Assert.Equal(3, strong.Request.Quorum);
    }

    [Fact]
    public async Task Call_ApprovedForAnAgent_PassesOnceForItsOwnChainOnly()
    {
        await using var world = await World.CreateAsync(Policy);
        var gate = (await OpenAsync(world, Asking(world, "gate-1"))).Value!;
        foreach (var person in new[] { world.Sam, world.Zoe })
        {
            var call = Claim(world, gate) with { Chain = world.Origin.Chain("planner") };
            Assert.Equal("grant-missing", Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(call, Token)).Refusal.Rule);
            Assert.IsType<GateResult.Accepted>(await world.Node.Desk.DecideAsync(new InteractiveSession(person, world.Time.Now), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token));
        }
        var others = new[] { world.Origin.Chain(), world.Origin.Chain("helper"), world.Origin.Chain("planner", ["helper"]), world.Origin.Chain("helper", ["planner"]) };
        for (var i = 0; i < others.Length; i++)
        {
            var refused = await world.Node.Gateway.CallAsync(Claim(world, gate) with { Chain = others[i], Effect = new EffectId($"other-{i}") }, Token);
            Assert.Equal("target-mismatch", Assert.IsType<GatewayResult.Refused>(refused).Refusal.Rule);
        }
        Assert.Empty(world.Upstream.Calls);

        world.Upstream.Then(StubUpstream.Done());
        var granted = Claim(world, gate) with { Chain = world.Origin.Chain("planner") };
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(granted, Token));
        Assert.Equal("grant-spent", Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(granted with { Effect = new EffectId("again") }, Token)).Refusal.Rule);
        Assert.Single(world.Upstream.Calls);
        Assert.Equal(["user:ana", "user:owner", "agent:planner"], Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent)).Actors);
    }

    /// <summary>The initiator and the author are excluded as at every gate; an agent, an application or a token is nobody who could decide.</summary>
    [Fact]
    public async Task Decide_ByTheInitiatorOrNoPerson_IsRefused()
    {
        await using var world = await World.CreateAsync(Policy);
        world.Directory.Add(World.Tenant, "ana", "sre");
        world.Directory.Add(World.Tenant, "owner", "sre");
        var gate = (await OpenAsync(world, Asking(world, "gate-1"))).Value!;
        var people = new[]
        {
            (new Principal(World.Tenant, "ana", PrincipalKind.User, "Ana", ["sre"], []), "initiator-set"),
            (new Principal(World.Tenant, "owner", PrincipalKind.User, "Owner", ["sre"], []), "initiator-set"),
            (new Principal(World.Tenant, "planner", PrincipalKind.Agent, "planner", ["sre"], []), "interactive-session-required"),
            (new Principal(World.Tenant, "planner", PrincipalKind.Application, "planner", ["sre"], []), "interactive-session-required"),
        };
        foreach (var (person, rule) in people)
        {
            var decided = await world.Node.Desk.DecideAsync(new InteractiveSession(person, world.Time.Now), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token);
            Assert.Equal(rule, Assert.IsType<GateResult.Refused>(decided).Rule);
        }
        Assert.Empty((await world.Node.Desk.FindAsync(World.Tenant, gate.Id, Token))!.Votes);
        Assert.Equal(people.Select(one => one.Item2).Order(), (await world.RecordsAsync(AuditTypes.CallRefused)).Select(record => record.Rule).Order());
    }

    private static GatewayCall Claim(World world, Gate gate) => world.Call("crm/apply") with { Grant = gate.Id };

    private static GateRequest Asking(World world, string gate, CoveredCall? cover = null) =>
        world.Request(gate, cover ?? World.Cover()) with { Approvers = [], AsksPolicy = true, ChosenBy = Planner };

    private static Task<StageResult<Gate>> OpenAsync(World world, GateRequest request) => world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, request, Token);
}
