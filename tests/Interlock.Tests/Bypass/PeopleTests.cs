using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Bypass;

/// <summary>People who may not decide, try to; each time nothing reaches the tool, one refusal is recorded, and the gate's row is as it was.</summary>
public sealed class PeopleTests
{
    private const string Tasks = """
          - ask: { call: approval, with: { title: Go?, approvers: [ { group: sre } ], quorum: 2, covers: [apply], expiresAfter: PT1H, onReject: fail } }
          - apply: { call: tool, with: { tool: crm/apply, arguments: { service: mail } } }
        """;

    private static CancellationToken Token => World.Token;

    [Theory]
    [InlineData("initiator", "initiator-set")]
    [InlineData("unnamed", "not-an-approver")]
    [InlineData("left", "not-an-approver")]
    [InlineData("moved to another group", "not-an-approver")]
    [InlineData("application", "interactive-session-required")]
    [InlineData("agent", "interactive-session-required")]
    [InlineData("old sign-in", "interactive-session-required")]
    [InlineData("groups of a token", "not-an-approver")]
    [InlineData("twice", "same-person")]
    [InlineData("alias", "same-person")]
    [InlineData("initiator's alias", "initiator-set")]
    [InlineData("author", "initiator-set")]
    public async Task Decide_ByWhoMayNot_IsRefused(string who, string rule)
    {
        await using var works = await Works.CreateAsync();
        var world = works.World;
        var run = await works.StartAsync(Tasks, starter: world.Directory.Add(World.Tenant, "ana", "sre"));
        if (who is "twice" or "alias")
        {
            world.Directory.Add(world.Sam with { Person = "samuel" });
            Assert.IsType<GateResult.Accepted>(await works.DecideAsync(await works.GateAsync(run), world.Sam));
        }
        var person = Impostor(world, who);
        var before = await RowAsync(works, run);

        var session = new InteractiveSession(person, who == "old sign-in" ? world.Time.Now - TimeSpan.FromMinutes(61) : world.Time.Now);
        var gate = await works.GateAsync(run);
        var refused = Assert.IsType<GateResult.Refused>(await works.Desk.DecideAsync(session, gate.Id, new Decision.Approve(null, gate.ShownDigest), Token));
        await works.GoOnAsync(run);

        Assert.Equal(rule, refused.Rule);
        var record = await works.AssertRefusedAsync(run, "decision", rule);
        Assert.Equal([person.Subject], record.Actors);
        Assert.Equal((GateId?)gate.Id, record.Gate);
        Assert.Equal(before, await RowAsync(works, run));
        Assert.Equal(RunStatus.Running, (await works.StateAsync(run)).Status);
    }

    [Theory]
    [InlineData("expired", "gate-expired")]
    [InlineData("closed as expired", "gate-closed")]
    [InlineData("rejected", "gate-closed")]
    [InlineData("other digest", "intent-mismatch")]
    [InlineData("no digest", "intent-mismatch")]
    public async Task Decide_TooLateOrOnSomethingElse_IsRefused(string when, string rule)
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        if (when == "rejected") Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Zoe, Works.Reject));
        if (when is "expired" or "closed as expired") works.World.Time.Now += TimeSpan.FromHours(1);
        if (when == "closed as expired") await works.GoOnAsync(run);
        var before = await RowAsync(works, run, gate.Id);

        var refused = Assert.IsType<GateResult.Refused>(await works.DecideAsync(gate, works.World.Sam, shown => new Decision.Approve(null, when switch
        {
            "other digest" => "sha256:" + new string('0', 64),
            "no digest" => "",
            _ => shown,
        })));

        Assert.Equal(rule, refused.Rule);
        Assert.Equal(before, await RowAsync(works, run, gate.Id));
        await works.GoOnAsync(run);
        await works.AssertRefusedAsync(run, "decision", rule);
    }

    /// <summary>Sam delegates to Zoe, who wants to pass it on; and somebody below policy gains nothing from either.</summary>
    [Fact]
    public async Task Delegate_AChain_EndsAfterOne()
    {
        await using var works = await Works.CreateAsync();
        var world = works.World;
        var (eve, max) = (world.Directory.Add(World.Tenant, "eve"), world.Directory.Add(World.Tenant, "max"));
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        Assert.IsType<GateResult.Accepted>(await DelegateAsync(works, gate, world.Sam, eve));
        var passedOn = Assert.IsType<GateResult.Refused>(await DelegateAsync(works, gate, eve, max));
        var decided = Assert.IsType<GateResult.Refused>(await works.DecideAsync(gate, max));
        world.Time.Now += TimeSpan.FromSeconds(1); // one person's refusals at one moment are one record
        var delegated = Assert.IsType<GateResult.Refused>(await works.DecideAsync(gate, eve));
        await works.GoOnAsync(run);

        Assert.Equal(("gate-below-policy", "not-an-approver", "gate-below-policy"), (passedOn.Rule, decided.Rule, delegated.Rule));
        Assert.Empty(works.Reached);
        Assert.Equal(["gate-below-policy", "gate-below-policy", "not-an-approver"], (await works.RefusalsAsync(run)).Select(record => record.Rule).Order(StringComparer.Ordinal)); // each in its person's chain
        Assert.Empty((await works.GateAsync(run)).Votes);
    }

    /// <summary>One person's vote and one in that person's place are one person's.</summary>
    [Fact]
    public async Task Delegate_ToAnotherApprover_IsNoSecondVoteOfOneself()
    {
        await using var works = await Works.CreateAsync();
        var world = works.World;
        var max = world.Directory.Add(World.Tenant, "max", "sre");
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        Assert.IsType<GateResult.Accepted>(await DelegateAsync(works, gate, world.Sam, max));
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, max));
        Assert.Equal("same-person", Assert.IsType<GateResult.Refused>(await works.DecideAsync(gate, max)).Rule);
        await works.GoOnAsync(run);
        await works.AssertRefusedAsync(run, "decision", "same-person");
        Assert.Single((await works.GateAsync(run)).Votes);
    }

    /// <summary>Votes count by the directory as it is when the quorum closes.</summary>
    [Theory]
    [InlineData("left")]
    [InlineData("moved")]
    [InlineData("became one person with the other")]
    public async Task Approve_FirstVoterIsNoneAnyMore_DoesNotReachTheQuorum(string what)
    {
        await using var works = await Works.CreateAsync();
        var world = works.World;
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, world.Sam));
        if (what == "left") world.Directory.Remove(World.Tenant, "sam");
        else world.Directory.Add(what == "moved" ? world.Sam with { Groups = [] } : world.Sam with { Person = "zoe" });
        var second = await works.DecideAsync(gate, world.Zoe);
        await works.GoOnAsync(run);
        Assert.Empty(works.Reached);
        if (second is GateResult.Refused refused) await works.AssertRefusedAsync(run, "decision", refused.Rule);
        else Assert.Empty(await works.RefusalsAsync(run));
        Assert.Null((await works.GateAsync(run)).Outcome);
        await works.ApproveAsync(gate, world.Directory.Add(World.Tenant, "max", "sre"));
        Assert.Single(works.Reached);
    }

    [Fact]
    public async Task Decide_AnotherTenantsGate_IsNone()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Tasks);
        var rival = works.World.Directory.Add(new TenantId("fabrikam"), "rita", "sre");
        var refused = Assert.IsType<GateResult.Refused>(await works.DecideAsync(await works.GateAsync(run), rival));
        Assert.Equal(("unknown-gate", 404), (refused.Rule, refused.Status));
        Assert.Empty((await works.GateAsync(run)).Votes);
        Assert.Empty(await works.RefusalsAsync(run)); // another tenant's question leaves no trace in this one's audit
    }

    private static Principal Impostor(World world, string who)
    {
        switch (who)
        {
            case "initiator":
                return world.Ana;
            case "initiator's alias":
                world.Directory.Add(new Principal(World.Tenant, "ana", PrincipalKind.User, "ana", ["sre"], []) { Person = "anna" });
                return world.Directory.Add(new Principal(World.Tenant, "ana2", PrincipalKind.User, "ana2", ["sre"], []) { Person = "anna" });
            case "author":
                return world.Directory.Add(World.Tenant, "owner", "sre");
            case "unnamed":
                return world.Directory.Add(World.Tenant, "eve", "other");
            case "left":
                world.Directory.Remove(World.Tenant, "zoe");
                return world.Zoe;
            case "moved to another group":
                world.Directory.Add(World.Tenant, "zoe", "other");
                return world.Zoe;
            case "application":
                return world.Zoe with { Kind = PrincipalKind.Application };
            case "agent":
                return world.Zoe with { Kind = PrincipalKind.Agent };
            case "groups of a token":
                return world.Directory.Add(World.Tenant, "eve") with { Groups = ["sre"] };
            case "twice":
                return world.Sam;
            case "alias":
                return world.Directory.Add(new Principal(World.Tenant, "sam2", PrincipalKind.User, "sam2", ["sre"], []) { Person = "samuel" });
            default:
                return world.Zoe;
        }
    }

    private static Task<GateResult> DelegateAsync(Works works, Gate gate, Principal from, Principal to) =>
        works.Desk.DelegateAsync(new InteractiveSession(from, works.World.Time.Now), gate.Id, to.Id, works.World.Time.Now.AddMinutes(30), null, Token);

    private static async Task<string?> RowAsync(Works works, RunId run, GateId? gate = null) =>
        (await works.Node.Gates.FindAsync(World.Tenant, gate ?? (await works.GateAsync(run)).Id, Token))?.ETag;
}
