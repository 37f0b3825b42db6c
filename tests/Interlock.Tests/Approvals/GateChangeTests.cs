using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Approvals;

/// <summary>What can happen to a gate while it is open: edits, drift, sending back, other people, a restored store.</summary>
public sealed class GateChangeTests
{
    private static readonly JsonValue Web = World.Arguments("""{"service":"web"}""");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Edit_TakesBackEarlierVotesAndApprovesTheNewArguments()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var kim = world.Directory.Add(World.Tenant, "kim", "sre");
        var gate = await AcceptedAsync(world, world.Sam, await OpenAsync(world, world.Request() with { Quorum = 2 }));

        var edited = await AcceptedAsync(world, world.Zoe, gate, g => new Decision.Edit("web it is", g.ShownDigest, [new EditedCall(World.Frame, Web)]));

        Assert.Null(edited.Outcome); // Sam approved something else
        Assert.Equal(["user:zoe"], edited.StandingVotes.Select(vote => vote.By));
        var stale = Assert.IsType<GateResult.Refused>(await DecideAsync(world, kim, edited, _ => new Decision.Approve(null, gate.ShownDigest)));
        Assert.Equal("intent-mismatch", stale.Rule);
        var closed = await AcceptedAsync(world, world.Sam, edited);
        Assert.Equal(GateOutcome.Approved, closed.Outcome);
        var approved = Assert.IsType<RunEvent.GateClosed>(GateEvents.Closed(closed, world.Time.Now));
        Assert.Equal("""{"level":3,"service":"web"}""", CanonicalText(Assert.Single(approved.Edited).Arguments));
        Assert.Equal(["user:zoe", "user:sam"], approved.DecidedBy);
        await RefusedCallAsync(world, gate, World.Arguments(), "intent-mismatch"); // what Sam approved first
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Claim(world, gate, Web, "edited"), Token));
        var change = Assert.Single(await world.RecordsAsync(AuditTypes.GateChanged));
        Assert.Equal("edited", change.Decision);
        var diff = change.Details!["changes"]!.Items[0]; // there is one
        Assert.Equal(("/service", CanonicalJson.Digest(JsonValue.From("mail")), CanonicalJson.Digest(JsonValue.From("web"))), (diff["pointer"]!.AsString(), diff["from"]!.AsString(), diff["to"]!.AsString()));
        Assert.Equal(3, (await world.RecordsAsync(AuditTypes.GateVote)).Count);
    }

    [Fact]
    public async Task Edit_OfOne_ClosesAtOnce()
    {
        await using var world = await World.CreateAsync();
        var closed = await AcceptedAsync(world, world.Sam, await OpenAsync(world), g => new Decision.Edit("no", g.ShownDigest, [new EditedCall(World.Frame, Web)]));
        Assert.Equal(GateOutcome.Approved, closed.Outcome);
        Assert.Equal(closed.ShownDigest, closed.Votes[0].ShownDigest);
    }

    [Fact]
    public async Task Edit_AgainstTheContract_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Sam, await OpenAsync(world), g => new Decision.Edit("n", g.ShownDigest, [new EditedCall(World.Frame, World.Arguments("""{"service":7}"""))]), "arguments");
    }

    [Theory]
    [InlineData("""{"service":7}""", "arguments")]
    [InlineData("""{"service":"mail","other":1}""", "arguments")]
    [InlineData("""{"service":"mail"}""", null)]
    public async Task Open_WithAnArgumentStillToBeComputed_HoldsTheOthersAgainstTheContract(string known, string? rule)
    {
        await using var world = await World.CreateAsync();
        await world.MoveAsync(RegistryKind.Tool, "crm/apply", "1.0.0", Lifecycle.Deprecated, "1.1.0");
        await world.WriteAsync(World.Tool("crm/apply", "1.1.0", schema: """{"type":"object","required":["service","ticket"],"additionalProperties":false,"properties":{"service":{"type":"string"},"ticket":{"type":"integer"}}}"""));
        var opened = await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(covers: World.Cover(arguments: World.Arguments(known)) with { Computed = ["/ticket"] }), Token);
        Assert.Equal(rule, opened.Refusal?.Rule);
        if (opened.Value is { } gate) await RefusedAsync(world, world.Sam, gate, g => new Decision.Edit("n", g.ShownDigest, [new EditedCall(World.Frame, World.Arguments("""{"service":7}"""))]), "arguments");
    }

    [Fact]
    public async Task Edit_IntoWhatPolicyDenies_IsRefused()
    {
        await using var world = await World.CreateAsync(
            """
            version: 1
            rules:
              - { id: guarded, tools: ['crm/apply'], effect: requireApproval, approval: { approvers: [ { group: sre } ], quorum: 1 } }
              - { id: never-web, tools: ['crm/apply'], when: '.arguments.service == "web"', effect: deny }
            """);
        await RefusedAsync(world, world.Sam, await OpenAsync(world), g => new Decision.Edit("n", g.ShownDigest, [new EditedCall(World.Frame, Web)]), "policy-denied");
    }

    [Fact]
    public async Task Edit_OfACallThatTheGateDoesNotCover_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Sam, await OpenAsync(world), g => new Decision.Edit("n", g.ShownDigest, [new EditedCall(new FrameId("/do/9/x"), Web)]), "invalid-decision");
    }

    [Theory]
    [InlineData("contract")]
    [InlineData("address")]
    [InlineData("default")]
    public async Task Approve_WhatItReachesHasChanged_VoidsTheVotesAndAsksToLookAgain(string what)
    {
        await using var world = await World.CreateAsync();
        var gate = await AcceptedAsync(world, world.Sam, await OpenAsync(world, world.Request() with { Quorum = 2 }));
        switch (what)
        {
            case "contract": await world.WriteAsync(World.Tool("crm/apply", "1.1.0", contract: "sha256:contract-2")); break;
            case "address": await world.WriteAsync(World.Server("1.1.0", address: new Uri("https://other.contoso.com/mcp"))); break;
            default: await world.WriteAsync(World.Tool("crm/apply", "1.1.0", schema: """{"type":"object","properties":{"service":{"type":"string"},"level":{"type":"number","default":9}}}""")); break;
        }
        var refused = Assert.IsType<GateResult.Refused>(await DecideAsync(world, world.Zoe, gate, Approve));
        Assert.Equal("intent-mismatch", refused.Rule);
        var drifted = (await world.Node.Desk.FindAsync(World.Tenant, gate.Id, Token))!; // open
        Assert.Equal((2, (GateOutcome?)null), (drifted.Revision, drifted.Outcome));
        Assert.Empty(drifted.StandingVotes);
        Assert.Equal("drifted", Assert.Single(await world.RecordsAsync(AuditTypes.GateChanged)).Decision);
        Assert.Null((await AcceptedAsync(world, world.Zoe, drifted)).Outcome);
        Assert.Equal(GateOutcome.Approved, (await AcceptedAsync(world, world.Sam, await NowAsync(world, gate))).Outcome); // Sam's first vote no longer counts, nor hinders
    }

    [Fact]
    public async Task Approve_TheToolWasDisabled_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        await world.MoveAsync(RegistryKind.Tool, "crm/apply", "1.0.0", Lifecycle.Disabled);
        await RefusedAsync(world, world.Sam, gate, Approve, "disabled");
    }

    [Fact]
    public async Task Approve_PolicyAsksForMoreSince_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        await world.WriteAsync(World.Entry(RegistryKind.Policy, PolicyCache.EntryName, "1.1.0", new PolicyBody(World.Policy.Replace("quorum: 1", "quorum: 2", StringComparison.Ordinal))));
        await RefusedAsync(world, world.Sam, gate, Approve, "gate-below-policy");
    }

    [Fact]
    public async Task Return_AForm_GoesBackToTheRunAndGrantsNothing()
    {
        await using var world = await World.CreateAsync();
        var schema = StrictJson.Parse("""{"type":"object","required":["question"],"properties":{"question":{"type":"string","minLength":1}},"additionalProperties":false}""");
        var gate = await OpenAsync(world, world.Request() with { Information = schema });
        await RefusedAsync(world, world.Sam, gate, g => new Decision.Return(null, g.ShownDigest, World.Arguments("""{"question":""}""")), "invalid-decision");
        var form = World.Arguments("""{"question":"which data centre?"}""");
        var closed = await AcceptedAsync(world, world.Sam, gate, g => new Decision.Return("unclear", g.ShownDigest, form));
        var happened = Assert.IsType<RunEvent.GateClosed>(GateEvents.Closed(closed, world.Time.Now));
        Assert.Equal((GateOutcome.Returned, form, "unclear"), (happened.Outcome, happened.Information, happened.Reason));
        await RefusedCallAsync(world, gate, World.Arguments(), "grant-missing");
        Assert.Equal("return", Assert.Single(await world.RecordsAsync(AuditTypes.GateVote)).Decision);
    }

    [Fact]
    public async Task Return_NotOffered_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Sam, await OpenAsync(world), g => new Decision.Return(null, g.ShownDigest, Web), "invalid-decision");
    }

    [Fact]
    public async Task Reject_WithoutAReason_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Sam, await OpenAsync(world), g => new Decision.Reject(" ", g.ShownDigest), "reason-required");
    }

    [Fact]
    public async Task Resolve_Skip_ClosesTheGateAndGrantsNothing()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, Failed(world, StepChoices.Retry, StepChoices.Skip));
        await RefusedAsync(world, world.Sam, gate, Approve, "invalid-decision");
        var closed = await AcceptedAsync(world, world.Sam, gate, g => new Decision.Resolve("leave it", g.ShownDigest, StepChoices.Skip));
        Assert.Equal((GateOutcome.Approved, StepChoices.Skip), (closed.Outcome!.Value, closed.Choice)); // closed
        await RefusedCallAsync(world, gate, World.Arguments(), "grant-missing");
    }

    [Fact]
    public async Task Resolve_VotesForDifferentThings_DoNotAddUp()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, Failed(world, StepChoices.Retry, StepChoices.Skip) with { Quorum = 2 });
        await AcceptedAsync(world, world.Sam, gate, g => new Decision.Resolve(null, g.ShownDigest, StepChoices.Retry));
        Assert.Null((await AcceptedAsync(world, world.Zoe, gate, g => new Decision.Resolve(null, g.ShownDigest, StepChoices.Skip))).Outcome);
        var kim = world.Directory.Add(World.Tenant, "kim", "sre");
        var closed = await AcceptedAsync(world, kim, gate, g => new Decision.Resolve(null, g.ShownDigest, StepChoices.Retry));
        Assert.Equal((GateOutcome.Approved, StepChoices.Retry), (closed.Outcome!.Value, closed.Choice)); // closed
        Assert.Equal(["user:sam", "user:kim"], Assert.IsType<RunEvent.GateClosed>(GateEvents.Closed(closed, world.Time.Now)).DecidedBy); // Zoe decided something else
    }

    [Fact]
    public async Task Resolve_RetryOfWhatWasEdited_AgreesWithTheEdit()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, Failed(world, StepChoices.Edit) with { Quorum = 2 });
        await RefusedAsync(world, world.Zoe, gate, g => new Decision.Resolve(null, g.ShownDigest, StepChoices.Retry), "invalid-decision");
        await AcceptedAsync(world, world.Sam, gate, g => new Decision.Edit("web it is", g.ShownDigest, [new EditedCall(World.Frame, Web)]));
        var closed = await AcceptedAsync(world, world.Zoe, gate, g => new Decision.Resolve(null, g.ShownDigest, StepChoices.Retry));
        Assert.Equal((GateOutcome.Approved, StepChoices.Edit), (closed.Outcome!.Value, closed.Choice)); // closed
    }

    [Fact]
    public async Task Resolve_WhatIsNotOffered_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Sam, await OpenAsync(world, Failed(world, StepChoices.Retry)), g => new Decision.Resolve(null, g.ShownDigest, StepChoices.Skip), "invalid-decision");
    }

    [Fact]
    public async Task SeveralRequirements_OnePersonInBothGroups_CountsOnce()
    {
        await using var world = await World.CreateAsync();
        var both = world.Directory.Add(World.Tenant, "both", "sre", "security");
        var security = new ApproverRequirement([new Approver(ApproverKind.Group, "security")], 1);
        var gate = await OpenAsync(world, world.Request() with { Also = [security] });
        Assert.Null((await AcceptedAsync(world, both, gate)).Outcome);
        var closed = await AcceptedAsync(world, world.Sam, await NowAsync(world, gate)); // so that the first counts for security
        Assert.Equal(GateOutcome.Approved, closed.Outcome);
    }

    [Fact]
    public async Task Aliases_OfOneHuman_AreOnePerson()
    {
        await using var world = await World.CreateAsync();
        world.Directory.Add(world.Sam with { Person = "sam@people" });
        var other = world.Directory.Add(world.Zoe with { Id = "sam-admin", Person = "sam@people" });
        var starters = world.Directory.Add(world.Zoe with { Id = "ana-admin", Person = "ana" });
        var gate = await OpenAsync(world, world.Request() with { Quorum = 2 });
        await RefusedAsync(world, starters, gate, Approve, "initiator-set"); // Ana started it
        await AcceptedAsync(world, world.Sam, gate);
        await RefusedAsync(world, other, await NowAsync(world, gate), Approve, "same-person");
    }

    [Fact]
    public async Task Delegate_OfOneGate_DecidesInTheApproversPlaceOnce()
    {
        await using var world = await World.CreateAsync();
        var pat = world.Directory.Add(World.Tenant, "pat");
        var gate = await OpenAsync(world, Ungoverned(world) with { Quorum = 2 });
        await RefusedAsync(world, pat, gate, Approve, "not-an-approver");
        await DelegatedAsync(world, world.Sam, gate, "pat");
        var voted = await AcceptedAsync(world, pat, await NowAsync(world, gate));
        Assert.Equal(("user:pat", "user:sam", "group:sre"), (voted.Votes[0].By, voted.Votes[0].For, voted.Votes[0].As));
        await RefusedAsync(world, world.Sam, voted, Approve, "same-person"); // that voice was heard
        Assert.Equal(GateOutcome.Approved, (await AcceptedAsync(world, world.Zoe, voted)).Outcome);
        Assert.Equal("user:sam", (await world.RecordsAsync(AuditTypes.GateVote))[0].Details!["for"]!.AsString()); // recorded so
    }

    [Fact]
    public async Task Delegate_BelowPolicy_DoesNotCount()
    {
        await using var world = await World.CreateAsync();
        var pat = world.Directory.Add(World.Tenant, "pat");
        var gate = await OpenAsync(world); // policy: sre
        await DelegatedAsync(world, world.Sam, gate, "pat");
        await RefusedAsync(world, pat, await NowAsync(world, gate), Approve, "gate-below-policy");
    }

    [Fact]
    public async Task Delegate_WhatWasDelegated_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var pat = world.Directory.Add(World.Tenant, "pat");
        world.Directory.Add(World.Tenant, "kim");
        var gate = await OpenAsync(world, Ungoverned(world));
        await DelegatedAsync(world, world.Sam, gate, "pat");
        var refused = Assert.IsType<GateResult.Refused>(await world.Node.Desk.DelegateAsync(Session(world, pat), gate.Id, "kim", world.Time.Now.AddHours(1), null, Token));
        Assert.Equal("delegation-depth", refused.Rule);
    }

    [Fact]
    public async Task Delegate_InACircleOrToNobodyOrToOneself_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        await DelegatedAsync(world, world.Sam, gate, "zoe");
        Task<GateResult> By(Principal person, string to) => world.Node.Desk.DelegateAsync(Session(world, person), gate.Id, to, world.Time.Now.AddHours(1), null, Token);
        Assert.Equal("delegation-cycle", Assert.IsType<GateResult.Refused>(await By(world.Zoe, "sam")).Rule);
        Assert.Equal("same-person", Assert.IsType<GateResult.Refused>(await By(world.Zoe, "zoe")).Rule);
        Assert.Equal("unknown-user", Assert.IsType<GateResult.Refused>(await By(world.Zoe, "nobody")).Rule);
    }

    [Fact]
    public async Task Delegate_TheInitiator_GainsNothing()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world);
        await DelegatedAsync(world, world.Sam, gate, "ana");
        await RefusedAsync(world, world.Ana, await NowAsync(world, gate), Approve, "initiator-set");
    }

    [Fact]
    public async Task Delegate_AllOfAPersonsGates_HoldsForItsTimeOnly()
    {
        await using var world = await World.CreateAsync();
        var pat = world.Directory.Add(World.Tenant, "pat");
        var desk = world.Node.Desk.Delegations;
        var (given, refused) = await desk.GiveAsync(Session(world, world.Sam), "pat", world.Time.Now.AddHours(2), "away", Token);
        Assert.Null(refused);
        Assert.Equal("delegation-cycle", (await desk.GiveAsync(Session(world, pat), "sam", world.Time.Now.AddHours(1), null, Token)).Refusal?.Rule);
        var gate = await OpenAsync(world, Ungoverned(world));
        Assert.Single(await world.Node.Desk.InboxAsync(pat, Token));
        world.Time.Now = world.Time.Now.AddHours(2);
        await RefusedAsync(world, pat, gate, Approve, "not-an-approver");
        world.Time.Now = world.Time.Now.AddHours(-1);
        Assert.Equal(given!.Id, Assert.Single((await desk.ListAsync(pat, Token)).Received).Id); // given
        Assert.Null(await desk.RevokeAsync(Session(world, world.Sam), given.Id, Token));
        await RefusedAsync(world, pat, gate, Approve, "not-an-approver", 2);
        Assert.Equal(["given", "revoked"], (await world.RecordsAsync(AuditTypes.Delegation)).Select(record => record.Decision));
    }

    [Fact]
    public async Task Delegate_ARowWrittenByHand_IsNone()
    {
        await using var world = await World.CreateAsync();
        var pat = world.Directory.Add(World.Tenant, "pat");
        await world.Node.Desk.Delegations.GiveAsync(Session(world, world.Sam), "zoe", world.Time.Now.AddHours(2), null, Token);
        await foreach (var row in world.Memory.QueryAsync("delegations", Keys.Join(World.Tenant.Value, "to", "user:zoe"), cancellationToken: Token))
        {
            var forged = row.Body.With("delegation", row.Body["delegation"]!.With("to", "user:pat"));
            await world.Memory.InsertAsync("delegations", new RowKey(Keys.Join(World.Tenant.Value, "to", "user:pat"), row.Key.Row), forged, Token);
            await world.Memory.InsertAsync("delegations", new RowKey(Keys.Join(World.Tenant.Value, "to", "user:pat"), "copied"), row.Body, Token);
        }
        await RefusedAsync(world, pat, await OpenAsync(world, Ungoverned(world)), Approve, "not-an-approver");
    }

    [Fact]
    public async Task Reassign_ByAnOperator_OthersDecideAndTheOperatorDoesNot()
    {
        await using var world = await World.CreateAsync();
        var ops = world.Directory.Add(new Principal(World.Tenant, "ops", PrincipalKind.User, "ops", ["sre"], ["operator"]));
        var gate = await OpenAsync(world, Ungoverned(world));
        Task<GateResult> By(Principal person, params string[] users) => world.Node.Desk.ReassignAsync(
            Session(world, person), gate.Id, 0, [.. users.Select(user => new Approver(ApproverKind.User, user))], "sre are asleep", Token);
        Assert.Equal("role-required", Assert.IsType<GateResult.Refused>(await By(world.Sam, "zoe")).Rule);
        Assert.Equal("unknown-user", Assert.IsType<GateResult.Refused>(await By(ops, "nobody")).Rule);
        Assert.IsType<GateResult.Accepted>(await By(ops, "zoe", "ops"));
        var reassigned = await NowAsync(world, gate);
        Assert.Equal("initiator-set", Assert.IsType<GateResult.Refused>(await DecideAsync(world, ops, reassigned, Approve)).Rule);
        Assert.Equal("not-an-approver", Assert.IsType<GateResult.Refused>(await DecideAsync(world, world.Sam, reassigned, Approve)).Rule);
        Assert.Equal(GateOutcome.Approved, (await AcceptedAsync(world, world.Zoe, reassigned)).Outcome);
    }

    [Theory]
    [InlineData("alias")]
    [InlineData("delegate")]
    public async Task Reassign_ByWhoDecidedUnderAnotherName_TheirVoteNoLongerCounts(string how)
    {
        await using var world = await World.CreateAsync();
        world.Directory.Add(World.Tenant, "kim");
        var ops = world.Directory.Add(new Principal(World.Tenant, "ops", PrincipalKind.User, "ops", ["sre"], ["operator"]) { Person = how == "alias" ? "sam@people" : null });
        var voter = how == "alias" ? world.Directory.Add(world.Sam with { Person = "sam@people" }) : world.Directory.Add(World.Tenant, "pat");
        var second = new ApproverRequirement([new Approver(ApproverKind.User, "nobody-is-there")], 1);
        var gate = await OpenAsync(world, Ungoverned(world) with { Also = [second] });
        if (how == "delegate") await DelegatedAsync(world, ops, gate, "pat");
        await AcceptedAsync(world, voter, gate);
        Assert.IsType<GateResult.Accepted>(await world.Node.Desk.ReassignAsync(Session(world, ops), gate.Id, 1, [new Approver(ApproverKind.User, "kim")], "a friend", Token));
        var kim = (await world.Directory.FindUserAsync(World.Tenant, "kim", Token))!; // just added
        Assert.Null((await AcceptedAsync(world, kim, await NowAsync(world, gate))).Outcome); // who named Kim has no say
        Assert.Equal(GateOutcome.Approved, (await AcceptedAsync(world, world.Zoe, await NowAsync(world, gate))).Outcome);
    }

    [Fact]
    public async Task Reassign_BelowPolicy_IsRefused()
    {
        await using var world = await World.CreateAsync();
        world.Directory.Add(World.Tenant, "pat");
        var ops = world.Directory.Add(new Principal(World.Tenant, "ops", PrincipalKind.User, "ops", [], ["operator"]));
        var gate = await OpenAsync(world);
        var refused = await world.Node.Desk.ReassignAsync(Session(world, ops), gate.Id, 0, [new Approver(ApproverKind.User, "pat")], "why", Token);
        Assert.Equal("gate-below-policy", Assert.IsType<GateResult.Refused>(refused).Rule);
    }

    [Fact]
    public async Task Restored_OpenGate_LosesItsVotesAndIsDecidedAnew()
    {
        await using var world = await World.CreateAsync();
        var gate = await AcceptedAsync(world, world.Sam, await OpenAsync(world, world.Request() with { Quorum = 2 }));
        world.Time.Now += TimeSpan.FromMinutes(1);
        world.Incarnation = new Incarnation(world.Time.Now);
        var desk = new Node(world, world.Memory).Desk;
        var refused = Assert.IsType<GateResult.Refused>(await desk.DecideAsync(Session(world, world.Zoe), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token));
        Assert.Equal("incarnation-changed", refused.Rule);
        Assert.IsType<GateResult.Accepted>(await desk.DecideAsync(Session(world, world.Zoe), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token));
        Assert.Null((await NowAsync(world, gate)).Outcome); // Sam's vote is void
        Assert.Equal("restored", Assert.Single(await world.RecordsAsync(AuditTypes.GateChanged)).Decision);
    }

    [Fact]
    public async Task Restored_DelegationFromBefore_IsVoid()
    {
        await using var world = await World.CreateAsync();
        var pat = world.Directory.Add(World.Tenant, "pat");
        await world.Node.Desk.Delegations.GiveAsync(Session(world, world.Sam), "pat", world.Time.Now.AddDays(2), null, Token); // taken back after the copy was made
        world.Time.Now += TimeSpan.FromMinutes(1);
        world.Incarnation = new Incarnation(world.Time.Now);
        var desk = new Node(world, world.Memory).Desk;
        var gate = await OpenAsync(world, Ungoverned(world));
        var refused = Assert.IsType<GateResult.Refused>(await desk.DecideAsync(Session(world, pat), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token));
        Assert.Equal("not-an-approver", refused.Rule);
        Assert.Empty((await desk.Delegations.ListAsync(pat, Token)).Received);
    }

    [Fact]
    public async Task Restored_GrantFromBefore_IsVoid()
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        world.Time.Now += TimeSpan.FromMinutes(1);
        world.Incarnation = new Incarnation(world.Time.Now);
        var refused = Assert.IsType<GatewayResult.Refused>(await new Node(world, world.Memory).Gateway.CallAsync(Claim(world, gate, World.Arguments(), "call"), Token));
        Assert.Equal("incarnation-changed", refused.Refusal.Rule);
        Assert.Empty(world.Upstream.Calls);
    }

    [Fact]
    public async Task Open_AfterTenRejectionsOfOneTask_RestsForTheHour()
    {
        await using var world = await World.CreateAsync();
        for (var i = 0; i < GateRate.MaxRejectionsOfTask; i++)
        {
            var gate = await OpenAsync(world, world.Request($"gate-{i}", World.Cover(arguments: World.Arguments($$"""{"service":"s{{i}}"}"""))));
            await AcceptedAsync(world, world.Sam, gate, g => new Decision.Reject("no", g.ShownDigest));
            world.Time.Now += TimeSpan.FromMinutes(1);
        }
        var again = world.Request("gate-again");
        var rests = await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, again, Token);
        Assert.Equal(("gate-rate", 429), (rests.Refusal?.Rule, rests.Refusal?.Status));
        Assert.Equal("gate-rate", Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
        var elsewhere = World.Site() with { Run = new RunId("ffffffffffffffffffffffffffffffff") };
        Assert.Null((await world.Node.Desk.OpenAsync(World.Tenant, elsewhere, world.Origin, world.Request("gate-elsewhere"), Token)).Refusal); // another run, other arguments
        world.Time.Now = World.Start + GateRate.Window;
        Assert.Null((await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request("gate-later"), Token)).Refusal);
    }

    [Fact]
    public async Task Open_SameArgumentsInAnotherRun_RestsToo()
    {
        await using var world = await World.CreateAsync();
        CallSite In(int run) => World.Site() with { Run = new RunId(new string((char)('a' + run), 32)) };
        for (var i = 0; i < GateRate.MaxRejections; i++)
        {
            var gate = (await world.Node.Desk.OpenAsync(World.Tenant, In(i), world.Origin, world.Request($"gate-{i}"), Token)).Value!; // not yet
            await AcceptedAsync(world, world.Sam, gate, g => new Decision.Reject("no", g.ShownDigest));
        }
        Assert.Equal("gate-rate", (await world.Node.Desk.OpenAsync(World.Tenant, In(4), world.Origin, world.Request("gate-x"), Token)).Refusal?.Rule);
    }

    [Fact]
    public async Task Open_AnotherQuestionWithoutCalls_DoesNotRest()
    {
        await using var world = await World.CreateAsync();
        CallSite In(int run) => World.Site() with { Run = new RunId(new string((char)('a' + run), 32)) };
        GateRequest Asks(int expense) => world.Request($"gate-{expense}") with { Title = $"Pay expense {expense}?", Covers = [] };
        for (var i = 0; i < GateRate.MaxRejections; i++)
        {
            var gate = (await world.Node.Desk.OpenAsync(World.Tenant, In(i), world.Origin, Asks(i), Token)).Value!; // not yet
            await AcceptedAsync(world, world.Sam, gate, g => new Decision.Reject("no", g.ShownDigest));
        }
        Assert.Null((await world.Node.Desk.OpenAsync(World.Tenant, In(4), world.Origin, Asks(4), Token)).Refusal);
    }

    [Theory]
    [InlineData(700 * 1024, 1)]
    [InlineData(1, 250)]
    public async Task Open_LargerThanARow_IsRefusedAndListsNothing(int size, int depth)
    {
        await using var world = await World.CreateAsync();
        var cover = World.Cover(arguments: JsonValue.Object(("service", new string('x', size)), ("more", Nested(depth))));
        var refused = await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(covers: cover), Token);
        Assert.Equal(("gate-too-large", 413), (refused.Refusal?.Rule, refused.Refusal?.Status));
        Assert.Equal("gate-too-large", Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
        await foreach (var row in world.Memory.QueryAsync("gatesopen", Keys.Join(World.Tenant.Value), cancellationToken: Token)) Assert.Fail($"{row.Key.Row} is listed as open.");
    }

    [Fact]
    public async Task Edit_FillsTheRow_IsRefusedAndTheGateCanBeClosed()
    {
        await using var world = await World.CreateAsync();
        var gate = await OpenAsync(world, world.Request() with { Quorum = 2 });
        var room = 960 * 1024 - JsonText.Write(JsonValue.Object(("gate", RunJson.ToValue(gate)))).Length;
        // The value stands in the row four times: asked, bound, edited, and what changed. What is left is less than a closing needs.
        await RefusedAsync(world, world.Sam, gate, g => new Decision.Edit("n", g.ShownDigest, [new EditedCall(World.Frame, World.Arguments($$"""{"service":"{{new string('x', room / 4 - 600)}}"}"""))]), "gate-too-large");
        Assert.Equal(GateOutcome.Expired, (await world.Node.Desk.CloseAsync(World.Tenant, World.Site(), gate.Id, GateOutcome.Expired, Token)).Outcome);
    }

    [Fact]
    public async Task SecondLook_ComputedArguments_NeedALookAtTheirValues()
    {
        await using var world = await World.CreateAsync(World.Policy.Replace("quorum: 1", "quorum: 1, secondLook: true", StringComparison.Ordinal));
        world.Upstream.Then(StubUpstream.Done());
        var first = await world.ApprovedAsync(world.Request(covers: World.Cover() with { Computed = ["/level"] }));
        await RefusedCallAsync(world, first, World.Arguments("""{"service":"mail","level":7}"""), "second-look-required");
        var second = await world.ApprovedAsync(world.Request("gate-2", World.Cover(arguments: World.Arguments("""{"service":"mail","level":7}"""))));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Claim(world, second, World.Arguments("""{"service":"mail","level":7}"""), "second"), Token));
    }

    [Fact]
    public async Task LastApproved_IsOfTheSameTaskInTheWorkflowsLastApproval()
    {
        await using var world = await World.CreateAsync();
        var first = await world.ApprovedAsync();
        world.Time.Now += TimeSpan.FromMinutes(1);
        var other = World.Site() with { Run = new RunId("ffffffffffffffffffffffffffffffff") };
        var gate = (await world.Node.Desk.OpenAsync(World.Tenant, other, world.Origin, world.Request("gate-2", World.Cover(arguments: Web)), Token)).Value!; // allowed
        var last = await world.Node.Desk.LastApprovedAsync(gate, gate.Calls[0], Token);
        Assert.Equal((first.Id, "mail"), (last?.Gate.Id, last?.Call.Arguments["service"]?.AsString()));
        Assert.Null(await world.Node.Desk.LastApprovedAsync(first, first.Calls[0], Token));
    }

    [Fact]
    public async Task Rates_CountWhatWasAcceptedAndWhatWasOverridden()
    {
        await using var world = await World.CreateAsync();
        await world.ApprovedAsync(world.Request("g1"));
        await AcceptedAsync(world, world.Zoe, await OpenAsync(world, world.Request("g2")), g => new Decision.Edit("n", g.ShownDigest, [new EditedCall(World.Frame, Web)]));
        await AcceptedAsync(world, world.Zoe, await OpenAsync(world, world.Request("g3")), g => new Decision.Reject("n", g.ShownDigest));
        await world.Node.Desk.CloseAsync(World.Tenant, World.Site(), (await OpenAsync(world, world.Request("g4"))).Id, GateOutcome.Expired, Token);
        var rates = DecisionRates.Of(await world.Node.Desk.Decided.SinceAsync(World.Tenant, World.Start.AddDays(-1), 100, Token));
        Assert.Equal(new DecisionRate("support/fix", 4, 1, 1, 1, 0), Assert.Single(rates.Workflows));
        Assert.Equal(1d / 3, rates.Workflows[0].AcceptRate);
        Assert.Equal([new DecisionRate("user:sam", 1, 1, 0, 0, 0), new DecisionRate("user:zoe", 2, 0, 1, 1, 0)], rates.Approvers);
    }

    private static Decision Approve(Gate gate) => new Decision.Approve(null, gate.ShownDigest);

    private static InteractiveSession Session(World world, Principal person) => new(person, world.Time.Now);

    private static GateRequest Ungoverned(World world) => world.Request(covers: World.Cover("crm/read"));

    private static GateRequest Failed(World world, params string[] options) =>
        world.Request() with { Failure = new FailedStep(World.Frame, new Problem(ProblemTypes.ToolError, 502, "It failed"), [.. options]) };

    private static async Task<Gate> OpenAsync(World world, GateRequest? request = null)
    {
        var opened = await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, request ?? world.Request(), Token);
        Assert.Null(opened.Refusal);
        return opened.Value!; // not refused
    }

    private static async Task<Gate> NowAsync(World world, Gate gate) => (await world.Node.Desk.FindAsync(World.Tenant, gate.Id, Token))!; // it was opened

    private static Task<GateResult> DecideAsync(World world, Principal person, Gate gate, Func<Gate, Decision> decide) =>
        world.Node.Desk.DecideAsync(Session(world, person), gate.Id, decide(gate), Token);

    private static async Task<Gate> AcceptedAsync(World world, Principal person, Gate gate, Func<Gate, Decision>? decide = null) =>
        Assert.IsType<GateResult.Accepted>(await DecideAsync(world, person, await NowAsync(world, gate), decide ?? Approve)).Gate;

    /// <summary>Refused and recorded, and the gate is as it was.</summary>
    private static async Task RefusedAsync(World world, Principal person, Gate gate, Func<Gate, Decision> decide, string rule, int times = 1)
    {
        var before = await NowAsync(world, gate);
        Assert.Equal(rule, Assert.IsType<GateResult.Refused>(await DecideAsync(world, person, gate, decide)).Rule);
        Assert.Equal(times, (await world.RecordsAsync(AuditTypes.CallRefused)).Count(record => record.Rule == rule && record.Gate == gate.Id && record.Actors.SequenceEqual([person.Subject])));
        Assert.Equal(RunJson.Serialize(before), RunJson.Serialize(await NowAsync(world, gate)));
    }

    private static async Task DelegatedAsync(World world, Principal person, Gate gate, string to) =>
        Assert.IsType<GateResult.Accepted>(await world.Node.Desk.DelegateAsync(Session(world, person), gate.Id, to, world.Time.Now.AddHours(1), "busy", Token));

    private static GatewayCall Claim(World world, Gate gate, JsonValue arguments, string purpose) =>
        world.Call("crm/apply", arguments, purpose: purpose) with { Grant = gate.Id, RequiresGrant = true };

    private static async Task RefusedCallAsync(World world, Gate gate, JsonValue arguments, string rule)
    {
        var before = world.Upstream.Calls.Count;
        Assert.Equal(rule, Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Claim(world, gate, arguments, "refused:" + rule), Token)).Refusal.Rule);
        Assert.Equal(before, world.Upstream.Calls.Count);
    }

    private static JsonValue Nested(int depth) => Enumerable.Range(0, depth).Aggregate(JsonValue.EmptyArray, (inner, _) => JsonValue.Array(inner));

    private static string CanonicalText(JsonValue value) => System.Text.Encoding.UTF8.GetString(CanonicalJson.Serialize(value));
}
