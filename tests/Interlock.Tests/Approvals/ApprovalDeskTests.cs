using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Approvals;

public sealed class ApprovalDeskTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Decide_MemberOfTheGroup_Approves()
    {
        await using var world = await World.CreateAsync();
        var closed = await AcceptedAsync(world, world.Sam, await OpenAsync(world));
        Assert.Equal(GateOutcome.Approved, closed.Outcome);
        Assert.Equal(("user:sam", "group:sre", true), (closed.Votes[0].By, closed.Votes[0].As, closed.Votes[0].Approves));
        Assert.Equal([AuditTypes.GateOpened, AuditTypes.GateVote, AuditTypes.GateClosed], (await world.RecordsAsync()).Select(record => record.Type));
    }

    [Fact]
    public async Task Decide_NamedUser_Approves()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, Ungoverned(world, "pat"));
        await RefusedAsync(world, world.Sam, gate, "not-an-approver");
        Assert.Equal(GateOutcome.Approved, (await AcceptedAsync(world, world.Directory.Add(World.Tenant, "pat"), gate)).Outcome);
    }

    [Fact]
    public async Task Decide_OneRejection_Rejects()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, world.Request() with { Quorum = 2 });
        await AcceptedAsync(world, world.Sam, gate);
        Assert.Equal(GateOutcome.Rejected, (await AcceptedAsync(world, world.Zoe, gate, approves: false)).Outcome);
    }

    [Fact]
    public async Task Decide_QuorumOfTwo_NeedsTwoPeople()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, world.Request() with { Quorum = 2 });
        Assert.Null((await AcceptedAsync(world, world.Sam, gate)).Outcome);
        await RefusedAsync(world, world.Sam, gate, "same-person");
        Assert.Equal(GateOutcome.Approved, (await AcceptedAsync(world, world.Zoe, gate)).Outcome);
        Assert.Equal(["user:sam", "user:zoe"], Assert.Single(await world.RecordsAsync(AuditTypes.GateClosed)).Actors);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Decide_EarlierVoterNoLongerAnApprover_DoesNotCountWhenTheQuorumCloses(bool left)
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, world.Request() with { Quorum = 2 });
        await AcceptedAsync(world, world.Sam, gate);
        if (left) world.Directory.Remove(World.Tenant, "sam");
        else world.Directory.Add(World.Tenant, "sam", "sales");
        Assert.Null((await AcceptedAsync(world, world.Zoe, gate)).Outcome);
        Assert.Equal(GateOutcome.Approved, (await AcceptedAsync(world, world.Directory.Add(World.Tenant, "kim", "sre"), gate)).Outcome);
    }

    [Theory]
    [InlineData("ana")]
    [InlineData("subject")]
    [InlineData("owner")]
    public async Task Decide_InitiatorOrAuthor_IsRefused(string id)
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, origin: world.Origin with { Initiators = ["user:subject"] });
        await RefusedAsync(world, world.Directory.Add(World.Tenant, id, "sre"), gate, "initiator-set");
    }

    [Fact]
    public async Task Decide_GroupOnlyInTheSession_IsNoApprover()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Directory.Add(World.Tenant, "eve") with { Groups = ["sre"] }, await OpenAsync(world), "not-an-approver");
    }

    [Fact]
    public async Task Decide_PersonWhoLeftTheTenant_IsNoApprover()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, Ungoverned(world, "sam"));
        world.Directory.Remove(World.Tenant, "sam");
        await RefusedAsync(world, world.Sam, gate, "not-an-approver");
    }

    [Theory]
    [InlineData(PrincipalKind.Application, "sam")]
    [InlineData(PrincipalKind.Agent, "sam")]
    [InlineData(PrincipalKind.Application, "unknown-to-the-directory")]
    public async Task Decide_NotAPerson_IsRefused(PrincipalKind kind, string id)
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Sam with { Kind = kind, Id = id }, await OpenAsync(world), "interactive-session-required");
    }

    [Fact]
    public async Task Decide_SignInOlderThanAnHour_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        var decision = new Decision.Approve(null, gate.ShownDigest);
        var session = new InteractiveSession(world.Sam, world.Time.Now - InteractiveSession.Recent);
        await RefusedAsync(world, session with { SignedInAt = session.SignedInAt.AddSeconds(-1) }, gate, decision, "interactive-session-required");
        Assert.IsType<GateResult.Accepted>(await world.Node.Desk.DecideAsync(session, gate.Id, decision, Token));
    }

    [Fact]
    public async Task Decide_ShownSomethingElse_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        var other = await OpenAsync(world, world.Request("gate-2", World.Cover(arguments: World.Arguments("""{"service":"web"}"""))));
        await RefusedAsync(world, new InteractiveSession(world.Sam, world.Time.Now), gate, new Decision.Approve(null, other.ShownDigest), "intent-mismatch");
    }

    [Fact]
    public async Task Decide_AtTheExpiry_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        world.Time.Now = gate.Request.ExpiresAt;
        await RefusedAsync(world, world.Sam, gate, "gate-expired");
    }

    [Theory]
    [InlineData(GateOutcome.Expired)]
    [InlineData(GateOutcome.Withdrawn)]
    public async Task Decide_ClosedGate_IsRefused(GateOutcome cause)
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        await world.Node.Desk.CloseAsync(World.Tenant, World.Site(), gate.Id, cause, Token);
        await RefusedAsync(world, world.Sam, gate, "gate-closed");
    }

    [Fact]
    public async Task Decide_AnotherTenantsGate_IsUnknown()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        var stranger = world.Directory.Add(new TenantId("fabrikam"), "sam", "sre");
        var refused = Assert.IsType<GateResult.Refused>(await world.Node.Desk.DecideAsync(new InteractiveSession(stranger, world.Time.Now), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token));
        Assert.Equal(("unknown-gate", 404), (refused.Rule, refused.Status));
        Assert.Null(await world.Node.Desk.FindAsync(stranger.Tenant, gate.Id, Token));
        Assert.Empty(await world.Node.Desk.InboxAsync(stranger, Token));
    }

    [Fact]
    public async Task Decide_RowEditedByHand_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        var key = new RowKey(Keys.Join(World.Tenant.Value, gate.Id.Value), "gate");
        var row = (await world.Memory.GetAsync("gates", key, Token))!; // just opened
        await world.Memory.ReplaceAsync("gates", key, row.Body.With("gate", row.Body["gate"]!.With("author", "user:nobody")), row.ETag, Token); // it has a gate
        var refused = Assert.IsType<GateResult.Refused>(await world.Node.Desk.DecideAsync(new InteractiveSession(world.Sam, world.Time.Now), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token));
        Assert.Equal("grant-unauthentic", refused.Rule);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // a forged approval
    public async Task Close_RowEditedByHand_IsClosedGrantsNothingAndIsRecorded(bool forged)
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        var key = new RowKey(Keys.Join(World.Tenant.Value, gate.Id.Value), "gate");
        var row = (await world.Memory.GetAsync("gates", key, Token))!; // just opened
        var edited = forged ? row.Body["gate"]!.With("outcome", "approved") : row.Body["gate"]!.With("author", "user:nobody"); // it has a gate
        await world.Memory.ReplaceAsync("gates", key, row.Body.With("gate", edited), row.ETag, Token);
        var closed = await world.Node.Desk.CloseAsync(World.Tenant, World.Site(), gate.Id, GateOutcome.Withdrawn, Token);
        Assert.Equal(GateOutcome.Withdrawn, closed.Outcome);
        Assert.Equal(closed, await world.Node.Desk.CloseAsync(World.Tenant, World.Site(), gate.Id, GateOutcome.Expired, Token));
        Assert.Single(await world.RecordsAsync(), record => record.Rule == "grant-unauthentic");
        Assert.Empty(await world.Node.Desk.OpenGatesAsync(World.Tenant, Token));
    }

    [Fact]
    public async Task OpenGates_OneWasClosedByAProcessThatDiedThen_IsListedNoMore()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        var index = new RowKey(Keys.Join(World.Tenant.Value), gate.Id.Value);
        var listed = (await world.Memory.GetAsync("gatesopen", index, Token))!; // just opened
        await world.Node.Desk.CloseAsync(World.Tenant, World.Site(), gate.Id, GateOutcome.Expired, Token);
        await world.Memory.InsertAsync("gatesopen", index, listed.Body, Token); // as if it had not come to that
        var unborn = new RowKey(Keys.Join(World.Tenant.Value), "unborn"); // its row comes next
        await world.Memory.InsertAsync("gatesopen", unborn, listed.Body, Token);
        Assert.Empty(await world.Node.Desk.OpenGatesAsync(World.Tenant, Token));
        Assert.Null(await world.Memory.GetAsync("gatesopen", index, Token));
        Assert.NotNull(await world.Memory.GetAsync("gatesopen", unborn, Token));
    }

    [Fact]
    public async Task Decide_ReasonCutWithinAPairOfSurrogates_IsRecorded()
    {
        await using var world = await World.CreateAsync();
        var closed = await AcceptedAsync(world, world.Sam, await OpenAsync(world), reason: new string('x', 1999) + "😀😀");
        Assert.Equal(new string('x', 1999) + "…", closed.Votes[0].Reason);
        Assert.Single(await world.RecordsAsync(AuditTypes.GateClosed));
    }

    [Theory]
    [InlineData("approvers")]
    [InlineData("stranger among them")]
    [InlineData("initiator")]
    [InlineData("author")]
    [InlineData("quorum")]
    public async Task Open_BelowPolicy_IsRefusedAndRecorded(string weakness)
    {
        await using var world = await World.CreateAsync(World.Policy.Replace("quorum: 1", "quorum: 2", StringComparison.Ordinal));
        var request = world.Request() with { Quorum = 2 };
        request = weakness switch
        {
            "approvers" => request with { Approvers = [new Approver(ApproverKind.User, "sam")] },
            "stranger among them" => request with { Approvers = [.. request.Approvers, new Approver(ApproverKind.Group, "sales")] },
            "initiator" => request with { ExcludeInitiator = false },
            "author" => request with { ExcludeAuthor = false },
            _ => request with { Quorum = 1 },
        };
        for (var i = 0; i < 2; i++)
            Assert.Equal(ApprovalFloor.Rule, (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, request, Token)).Refusal?.Rule);
        var record = Assert.Single(await world.RecordsAsync());
        Assert.Equal((AuditTypes.CallRefused, "authorize", ApprovalFloor.Rule), (record.Type, record.Stage, record.Rule));
        Assert.Equal(["user:ana", "user:owner"], record.Actors);
        Assert.NotNull(record.ArgumentsDigest);
        Assert.Null(await world.Node.Desk.FindAsync(World.Tenant, request.Id, Token));
    }

    [Theory]
    [InlineData("crm/missing", "unknown-tool")]
    [InlineData("crm/drop", "policy-denied")]
    [InlineData("crm/other", "policy-default-deny")]
    public async Task Open_CoveringWhatMayNotBeCalled_IsRefused(string target, string rule)
    {
        await using var world = await World.CreateAsync();
        var refusal = (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(covers: World.Cover(target)), Token)).Refusal;
        Assert.Equal(rule, refusal?.Rule);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
    }

    [Fact]
    public async Task Open_WithoutATitle_IsRecordedAllTheSame()
    {
        await using var world = await World.CreateAsync();
        await OpenAsync(world, world.Request() with { Title = "" });
        Assert.Single(await world.RecordsAsync(AuditTypes.GateOpened));
    }

    [Fact]
    public async Task Inbox_ShowsOnlyGatesThePersonMayDecide()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        Assert.Equal([gate.Id], (await world.Node.Desk.InboxAsync(world.Sam, Token)).Select(open => open.Id));
        Assert.Empty(await world.Node.Desk.InboxAsync(world.Ana, Token));
        await AcceptedAsync(world, world.Sam, gate);
        Assert.Empty(await world.Node.Desk.OpenGatesAsync(World.Tenant, Token));
    }

    [Theory]
    [InlineData(GateOutcome.Approved)]
    [InlineData(GateOutcome.Rejected)]
    public async Task Close_AsADecision_IsABug(GateOutcome cause)
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        await Assert.ThrowsAsync<ArgumentException>(() => world.Node.Desk.CloseAsync(World.Tenant, World.Site(), gate.Id, cause, Token));
    }

    [Fact]
    public async Task Close_BeforeOpening_KeepsALateOpeningClosed()
    {
        await using var world = await World.CreateAsync();
        var request = world.Request();
        Assert.Equal(GateOutcome.Withdrawn, (await world.Node.Desk.CloseAsync(World.Tenant, World.Site(), request.Id, GateOutcome.Withdrawn, Token)).Outcome);
        var late = await new Node(world, world.Memory).Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, request, Token);
        Assert.Equal(GateOutcome.Withdrawn, late.Value?.Outcome);
        Assert.Equal([AuditTypes.GateClosed], (await world.RecordsAsync()).Select(record => record.Type));
        Assert.Empty(await world.Node.Desk.OpenGatesAsync(World.Tenant, Token));
        await RefusedAsync(world, world.Sam, late.Value!, "gate-closed"); // just seen
    }

    private static GateRequest Ungoverned(World world, string approver) =>
        world.Request(covers: World.Cover("crm/read")) with { Approvers = [new Approver(ApproverKind.User, approver)] };

    private static async Task<Gate> OpenAsync(World world, GateRequest? request = null, RunOrigin? origin = null)
    {
        var opened = await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), origin ?? world.Origin, request ?? world.Request(), Token);
        Assert.Null(opened.Refusal);
        return opened.Value!; // not refused
    }

    private static async Task<Gate> AcceptedAsync(World world, Principal person, Gate gate, bool approves = true, string? reason = null)
    {
        var result = await world.Node.Desk.DecideAsync(new InteractiveSession(person, world.Time.Now), gate.Id, approves ? new Decision.Approve(reason, gate.ShownDigest) : new Decision.Reject(reason ?? "no", gate.ShownDigest), Token);
        return Assert.IsType<GateResult.Accepted>(result).Gate;
    }

    private static Task RefusedAsync(World world, Principal person, Gate gate, string rule) =>
        RefusedAsync(world, new InteractiveSession(person, world.Time.Now), gate, new Decision.Approve(null, gate.ShownDigest), rule);

    /// <summary>The decision is refused, one record says so, and the gate is as it was.</summary>
    private static async Task RefusedAsync(World world, InteractiveSession session, Gate gate, Decision decision, string rule)
    {
        var before = await world.Node.Desk.FindAsync(World.Tenant, gate.Id, Token);
        var refused = Assert.IsType<GateResult.Refused>(await world.Node.Desk.DecideAsync(session, gate.Id, decision, Token));
        Assert.Equal(rule, refused.Rule);
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("decision", rule, (GateId?)gate.Id), (record.Stage, record.Rule, record.Gate));
        Assert.Equal([session.Person.Subject], record.Actors);
        var after = await world.Node.Desk.FindAsync(World.Tenant, gate.Id, Token);
        Assert.Equal(RunJson.Serialize(before), RunJson.Serialize(after));
    }
}
