using System.Security.Cryptography;
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

namespace Interlock.Tests.Gateway;

/// <summary>Clients' own calls of a guarded tool: asked for once, passed once, and for nothing but what was approved.</summary>
public sealed class AdHocTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ask_Guarded_OpensOneGateOnPolicysTermsHoweverOftenItIsAsked()
    {
        await using var world = await World.CreateAsync(World.Policy.Replace(
            "tools: ['crm/apply'], effect: requireApproval, approval: { approvers: [ { group: sre } ], quorum: 1 } }",
            """
            tools: ['crm/apply'], effect: requireApproval, approval: { approvers: [ { group: sre } ], quorum: 2 } }
              - { id: legal, tools: ['crm/*'], when: '.arguments.level > 2', effect: requireApproval, approval: { approvers: [ { user: leo } ], quorum: 1 } }
            """,
            StringComparison.Ordinal));
        var gate = await WaitingAsync(world);
        for (var i = 0; i < 5; i++) Assert.Equal(gate.Id, (await WaitingAsync(world, new Node(world, world.Memory))).Id);
        var registry = await world.Node.Registries.ReadAsync(World.Tenant, Token);
        var floor = PolicyEngine.Decide(new PolicyCache().Of(registry), new PolicyRequest(new ActorChain(world.Ana), TargetKind.Tool, "crm/apply", "sha256:contract-1", World.Arguments("""{"level":3}"""), world.Time.Now)).Floor!; // guarded
        Assert.Equal(floor.Requirements, gate.Terms.Requirements);
        Assert.Equal(2, gate.Terms.Requirements.Length);
        Assert.Equal((null, null, world.Time.Now + AdHocDesk.ExpiresAfter, "Call crm/apply for ana"), (gate.Run, gate.Workflow, gate.Request.ExpiresAt, gate.Request.Title));
        Assert.Equal("""{"level":3,"service":"mail"}"""u8.ToArray(), CanonicalJson.Serialize(Assert.Single(gate.Calls).Arguments));
        Assert.Equal(gate.Id, Assert.Single(await world.RecordsAsync(AuditTypes.GateOpened)).Gate);
        var refused = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("authorize", "grant-required", gate.Id), (refused.Stage, refused.Rule, refused.Gate));
        Assert.Equal([world.Ana.Subject], refused.Actors);
        Assert.Empty(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_Approved_PassesOnceAndTheNextIsAskedForAnew()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var gate = await ApprovedAsync(world);
        Assert.IsType<GatewayResult.Completed>(await PassAsync(world, Mine(world)));
        var intent = Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent));
        Assert.Equal(("approved", gate.Id, AuditChain.ForPrincipal(World.Tenant, world.Ana.Subject, world.Time.Now).Id), (intent.Decision, intent.Gate, intent.Chain));
        var next = await WaitingAsync(world);
        Assert.NotEqual(gate.Id, next.Id);
        Assert.Null(next.Request.Again);
        Assert.Single(world.Upstream.Calls);
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.CallRefused)).Count(record => record.Rule == "grant-required"));
    }

    [Theory]
    [InlineData("""{"level":3,"service":"mail"}""")]
    [InlineData("""{"service":"mail","level":3.0}""")]
    [InlineData("""{"level":30e-1,"service":"m\u0061il"}""")]
    public async Task Call_SameCanonicalArguments_Passes(string arguments)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        await ApprovedAsync(world);
        Assert.IsType<GatewayResult.Completed>(await PassAsync(world, Mine(world, arguments)));
    }

    [Theory]
    [InlineData("""{"service":"maiL"}""")]
    [InlineData("""{"service":"mail","level":4}""")]
    [InlineData("""{"service":"mail","extra":null}""")]
    [InlineData("{\"service\":\"caf\\u00e9\"}")]
    [InlineData("{\"service\":\"cafe\\u0301\"}")]
    public async Task Call_OtherArguments_NeedAnApprovalOfTheirOwn(string arguments)
    {
        await using var world = await World.CreateAsync();
        var approved = await ApprovedAsync(world);
        var other = await ApprovedAsync(world, "{\"service\":\"caf\\u00e8\"}");
        var gate = Assert.IsType<AdHocResult.Waiting>(await AskAsync(world.Node, Mine(world, arguments))).Gate;
        Assert.DoesNotContain(gate.Id, (GateId[])[approved.Id, other.Id]);
        await RefusedAsync(world, Mine(world, arguments) with { Grant = approved.Id }, "intent-mismatch");
    }

    [Fact]
    public async Task Call_OfAnotherCaller_NeedsAnApprovalOfItsOwn()
    {
        await using var world = await World.CreateAsync();
        var gate = await ApprovedAsync(world);
        foreach (var other in (Principal[])[world.Zoe, world.Ana with { Kind = PrincipalKind.Application }])
        {
            Assert.NotEqual(gate.Id, Assert.IsType<AdHocResult.Waiting>(await AskAsync(world.Node, Mine(world, caller: other))).Gate.Id);
            Assert.Equal("target-mismatch", Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Mine(world, caller: other) with { Grant = gate.Id }, Token)).Refusal.Rule);
        }
        Assert.Empty(world.Upstream.Calls);
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.CallRefused)).Count(record => record is { Stage: "authorize", Rule: "target-mismatch" }));
    }

    [Fact]
    public async Task Call_OfARunUnderAClientsApproval_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await ApprovedAsync(world);
        var chain = new ActorChain(world.Ana);
        await RefusedAsync(world, world.Call("crm/apply") with { Chain = chain, Grant = gate.Id }, "target-mismatch");
    }

    [Fact]
    public async Task Call_OfAClientUnderARunsApproval_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        await RefusedAsync(world, Mine(world) with { Grant = gate.Id }, "target-mismatch");
    }

    [Fact]
    public async Task Call_OnAnAgentsAuthority_IsNotAskedFor()
    {
        await using var world = await World.CreateAsync();
        var call = Mine(world) with { Chain = new ActorChain(world.Ana, null, "helper") };
        Assert.IsType<AdHocResult.NotAsked>(await AskAsync(world.Node, call));
        await RefusedAsync(world, call, "grant-required");
        Assert.Empty(await world.RecordsAsync(AuditTypes.GateOpened));
    }

    [Theory]
    [InlineData("crm/read")]
    [InlineData("crm/drop")]
    [InlineData("crm/broken")]
    [InlineData("crm/other")]
    [InlineData("crm/nothing")]
    public async Task Ask_AnythingButGuarded_IsLeftToTheGateway(string target)
    {
        await using var world = await World.CreateAsync();
        Assert.IsType<AdHocResult.NotAsked>(await AskAsync(world.Node, Mine(world, target: target)));
        Assert.Empty(await world.RecordsAsync());
    }

    [Fact]
    public async Task Decide_ByTheCaller_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = Assert.IsType<AdHocResult.Waiting>(await AskAsync(world.Node, Mine(world, caller: world.Sam))).Gate;
        Assert.Equal("initiator-set", Assert.IsType<GateResult.Refused>(await DecideAsync(world, gate, world.Sam)).Rule);
        Assert.IsType<AdHocResult.Waiting>(await AskAsync(world.Node, Mine(world, caller: world.Sam)));
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused), record => record is { Stage: "decision", Rule: "initiator-set" });
    }

    [Fact]
    public async Task Call_WithAKey_IsOneCallForEver()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done(JsonValue.From("one")), StubUpstream.Done(JsonValue.From("two")));
        var (one, two) = (Mine(world), Mine(world));
        var gate = Assert.IsType<AdHocResult.Waiting>(await AskAsync(world.Node, one, isKeyed: true)).Gate;
        var another = Assert.IsType<AdHocResult.Waiting>(await AskAsync(world.Node, two, isKeyed: true)).Gate;
        Assert.NotEqual(gate.Id, another.Id);
        Assert.NotEqual(gate.Id, (await WaitingAsync(world)).Id);
        await DecideAsync(world, gate, world.Sam);
        await DecideAsync(world, another, world.Sam);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(JsonValue.From("one"), Assert.IsType<GatewayResult.Completed>(await PassAsync(world, one, isKeyed: true)).Output);
            Assert.Equal(JsonValue.From("two"), Assert.IsType<GatewayResult.Completed>(await PassAsync(world, two, isKeyed: true)).Output);
        }
        Assert.Equal([one.Effect.Value, two.Effect.Value], world.Upstream.Calls.Select(call => call.IdempotencyKey));
    }

    [Fact]
    public async Task Call_WithItsState_LeadsToItsOwnGateOnly()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done(JsonValue.From("one")));
        var gate = await ApprovedAsync(world);
        for (var i = 0; i < 3; i++) Assert.Equal(JsonValue.From("one"), Assert.IsType<GatewayResult.Completed>(await PassAsync(world, Mine(world), pinned: gate.Id)).Output);
        Assert.Single(world.Upstream.Calls);
        var next = await WaitingAsync(world);
        await DecideAsync(world, next, world.Sam, approves: false);
        for (var i = 0; i < 3; i++) Assert.Equal(next.Id, Assert.IsType<AdHocResult.Declined>(await AskAsync(world.Node, Mine(world), pinned: next.Id)).Gate.Id);
        Assert.Equal(JsonValue.From("one"), Assert.IsType<GatewayResult.Completed>(await PassAsync(world, Mine(world), pinned: gate.Id)).Output);
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.GateOpened)).Count);
        Assert.Equal("grant-missing", Assert.IsType<AdHocResult.Refused>(await AskAsync(world.Node, Mine(world), pinned: new GateId(new string('a', 32)))).Refusal.Rule);
    }

    [Fact]
    public async Task Ask_Rejected_SaysSoOnceAndRestsAfterThreeWithinAnHour()
    {
        await using var world = await World.CreateAsync();
        var first = world.Time.Now;
        for (var i = 0; i < GateRate.MaxRejections; i++)
        {
            var gate = await WaitingAsync(world, arguments: i == 0 ? """{"service":"mail"}""" : """{"service":"web"}"""); // the same tool is the same
            await DecideAsync(world, gate, world.Sam, approves: false);
            Assert.Equal(gate.Id, Assert.IsType<AdHocResult.Declined>(await AskAsync(world.Node, Mine(world, gate.Calls[0].Arguments.ToString()))).Gate.Id);
            world.Time.Now += TimeSpan.FromMinutes(10);
        }
        for (var i = 0; i < 5; i++)
        {
            var refusal = Assert.IsType<AdHocResult.Refused>(await AskAsync(new Node(world, world.Memory), Mine(world))).Refusal;
            Assert.Equal((GateRate.Rule, 429), (refusal.Rule, refusal.Status));
            Assert.Contains("09:30", refusal.Detail, StringComparison.Ordinal);
        }
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused), record => record.Rule == GateRate.Rule);
        Assert.IsType<AdHocResult.Waiting>(await AskAsync(world.Node, Mine(world, caller: world.Zoe)));
        world.Time.Now = first + GateRate.Window + TimeSpan.FromSeconds(1);
        await WaitingAsync(world);
        Assert.Empty(world.Upstream.Calls);
    }

    [Fact]
    public async Task Ask_Expired_ClosesTheGateAndAsksAnewAfterItWasTold()
    {
        await using var world = await World.CreateAsync();
        var gate = await WaitingAsync(world);
        Assert.Equal(gate.Id, Assert.Single(await world.Node.Desk.InboxAsync(world.Sam, Token)).Id);
        world.Time.Now += AdHocDesk.ExpiresAfter;
        Assert.Empty(await world.Node.Desk.InboxAsync(world.Sam, Token));
        Assert.Equal("gate-expired", Assert.IsType<GateResult.Refused>(await DecideAsync(world, gate, world.Sam)).Rule);
        Assert.Equal((gate.Id, GateOutcome.Expired), Assert.IsType<AdHocResult.Declined>(await AskAsync(world.Node, Mine(world))) is { Gate: var told } ? (told.Id, told.Outcome!.Value) : default); // just expired
        Assert.NotEqual(gate.Id, (await WaitingAsync(world)).Id);
        Assert.Equal("expired", Assert.Single(await world.RecordsAsync(AuditTypes.GateClosed)).Outcome);
    }

    [Fact]
    public async Task CloseExpired_ClosesWhatIsOverAndOnlyThat()
    {
        await using var world = await World.CreateAsync();
        var old = await WaitingAsync(world);
        var ofARun = (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request() with { ExpiresAt = world.Time.Now.AddMinutes(1) }, Token)).Value!; // opened
        world.Time.Now += TimeSpan.FromMinutes(30);
        var young = await WaitingAsync(world, arguments: """{"service":"web"}""");
        world.Time.Now += TimeSpan.FromMinutes(30);
        Assert.Equal(1, await world.Node.AdHoc.CloseExpiredAsync(World.Tenant, Token));
        Assert.Equal(0, await world.Node.AdHoc.CloseExpiredAsync(World.Tenant, Token));
        Assert.Equal(GateOutcome.Expired, (await world.Node.Desk.FindAsync(World.Tenant, old.Id, Token))!.Outcome);
        foreach (var open in (Gate[])[ofARun, young]) Assert.Null((await world.Node.Desk.FindAsync(World.Tenant, open.Id, Token))!.Outcome);
        Assert.Equal(old.Id, Assert.Single(await world.RecordsAsync(AuditTypes.GateClosed)).Gate);
    }

    [Fact]
    public async Task Ask_ManyOpenGates_AreBoundedPerCaller()
    {
        await using var world = await World.CreateAsync();
        JsonValue Numbered(int number) => JsonValue.Object(("service", $"s{number}"));
        var gates = new List<Gate>();
        for (var i = 0; i < AdHocDesk.MaxOpen; i++) gates.Add(await WaitingAsync(world, arguments: Numbered(i).ToString()));
        for (var i = 0; i < 3; i++)
            Assert.Equal(("too-many-gates", 429), Assert.IsType<AdHocResult.Refused>(await AskAsync(world.Node, Mine(world, Numbered(99).ToString()))).Refusal is var no ? (no.Rule, no.Status) : default);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused), record => record.Rule == "too-many-gates");
        Assert.Equal(gates[0].Id, (await WaitingAsync(world, arguments: Numbered(0).ToString())).Id); // those that wait still do
        Assert.IsType<AdHocResult.Waiting>(await AskAsync(world.Node, Mine(world, caller: world.Zoe)));
        await DecideAsync(world, gates[7], world.Sam);
        await WaitingAsync(world, arguments: Numbered(99).ToString());
        Assert.IsType<AdHocResult.Refused>(await AskAsync(world.Node, Mine(world, Numbered(100).ToString())));
        world.Time.Now += AdHocDesk.ExpiresAfter;
        await WaitingAsync(world, arguments: Numbered(100).ToString()); // closed or not, what is over takes no place
    }

    [Fact]
    public async Task Call_ApprovedBeforeMidnightAndMadeAfter_PassesOnceInTheChainOfTheDayThatAsked()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        world.Time.Now = new DateTimeOffset(2026, 3, 3, 23, 58, 0, TimeSpan.Zero);
        var gate = await ApprovedAsync(world);
        var today = GateRecords.Chain(gate);
        world.Time.Now += TimeSpan.FromMinutes(4);
        Assert.NotEqual(today, CallRecords.ChainOf(Mine(world), world.Time.Now));
        Assert.IsType<GatewayResult.Completed>(await PassAsync(world, Mine(world)));
        world.Time.Now += TimeSpan.FromHours(23);
        await RefusedAsync(world, Mine(world) with { Grant = gate.Id }, "grant-spent", calls: 1, alone: false);
        Assert.IsType<AdHocResult.Waiting>(await AskAsync(new Node(world, world.Memory), Mine(world)));
        Assert.Single(world.Upstream.Calls);
        foreach (var type in (string[])[AuditTypes.CallIntent, AuditTypes.CallOutcome, AuditTypes.GateVote]) Assert.Equal(today.Id, Assert.Single(await world.RecordsAsync(type)).Chain);
    }

    [Fact]
    public async Task Call_TwiceAtOnceOnTwoDays_PassesOnce()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        world.Time.Now = new DateTimeOffset(2026, 3, 3, 23, 58, 0, TimeSpan.Zero);
        var gate = await ApprovedAsync(world);
        var store = new FaultyTableStore(world.Memory);
        var slow = new Node(world, store);
        var early = Mine(world) with { Grant = gate.Id };
        store.Arm(8, Fault.HangBefore);
        var first = slow.Gateway.CallAsync(early, Token);
        await store.Reached;
        world.Time.Now += TimeSpan.FromMinutes(4);
        Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(Mine(world) with { Grant = gate.Id }, Token));
        store.LetGo();
        Assert.Equal("grant-spent", Assert.IsType<GatewayResult.Refused>(await first).Refusal.Rule);
        Assert.Single(world.Upstream.Calls);
    }

    [Theory]
    [InlineData("denied", "policy-denied", false)]
    [InlineData("stricter", ApprovalFloor.Rule, true)]
    [InlineData("contract", "target-mismatch", true)]
    [InlineData("address", "target-mismatch", true)]
    [InlineData("deprecated", "deprecated", false)]
    [InlineData("disabled", "disabled", false)]
    [InlineData("old", "grant-expired", true)]
    [InlineData("restored", "incarnation-changed", true)]
    public async Task Call_SomethingChangedSinceTheApproval_IsRefusedAndMayBeAskedForAnew(string what, string rule, bool anew)
    {
        await using var world = await World.CreateAsync();
        var gate = await ApprovedAsync(world);
        switch (what)
        {
            case "denied":
            case "stricter":
                var (from, to) = what == "denied" ? ("effect: requireApproval, approval: { approvers: [ { group: sre } ], quorum: 1 }", "effect: deny") : ("quorum: 1", "quorum: 2");
                await world.MoveAsync(RegistryKind.Policy, PolicyCache.EntryName, "1.0.0", Lifecycle.Deprecated, "2.0.0");
                await world.WriteAsync(World.Entry(RegistryKind.Policy, PolicyCache.EntryName, "2.0.0", new PolicyBody(World.Policy.Replace(from, to, StringComparison.Ordinal))));
                break;
            case "contract":
                await world.MoveAsync(RegistryKind.Tool, "crm/apply", "1.0.0", Lifecycle.Deprecated, "2.0.0");
                await world.WriteAsync(World.Tool("crm/apply", "2.0.0", contract: "sha256:contract-2"));
                break;
            case "address":
                await world.MoveAsync(RegistryKind.Server, "crm", "1.0.0", Lifecycle.Deprecated, "2.0.0");
                await world.WriteAsync(World.Server("2.0.0", address: new Uri("https://crm.contoso.com/mcp2")));
                break;
            case "deprecated":
                await world.MoveAsync(RegistryKind.Tool, "crm/apply", "1.0.0", Lifecycle.Deprecated);
                break;
            case "disabled":
                await world.MoveAsync(RegistryKind.Tool, "crm/apply", "1.0.0", Lifecycle.Disabled);
                break;
            case "restored":
                world.Time.Now += TimeSpan.FromMinutes(1);
                world.Incarnation = new Incarnation(world.Time.Now);
                break;
            case "old":
                world.Time.Now += GrantCheck.Validity + TimeSpan.FromSeconds(1);
                break;
        }
        Assert.Equal(rule, Assert.IsType<GatewayResult.Refused>(await PassAsync(world, Mine(world))).Refusal.Rule);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused), record => record.Rule == rule);
        if (anew)
        {
            var again = await WaitingAsync(world, new Node(world, world.Memory));
            Assert.NotEqual(gate.Id, again.Id);
            Assert.Equal(rule, again.Request.Again);
        }
        else Assert.IsType<AdHocResult.NotAsked>(await AskAsync(world.Node, Mine(world)));
        Assert.Empty(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_ToolDisabledBeforeTheFenceReadsForTheLastTime_IsRefused()
    {
        var passed = new List<(string At, bool Refused)>();
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, 200);
            await using var world = await World.CreateAsync();
            world.Upstream.Always(_ => StubUpstream.Done());
            var gate = await ApprovedAsync(world);
            var store = new FaultyTableStore(world.Memory);
            store.Arm(at, Fault.HangBefore);
            var call = Task.Run(() => new Node(world, store).Gateway.CallAsync(Mine(world) with { Grant = gate.Id }, Token));
            await Task.WhenAny(call, store.Reached);
            if (store.Struck is null) break;
            await world.MoveAsync(RegistryKind.Tool, "crm/apply", "1.0.0", Lifecycle.Disabled);
            store.LetGo();
            var refused = await call is GatewayResult.Refused { Refusal.Rule: "disabled" };
            Assert.Equal(refused ? 0 : 1, world.Upstream.Calls.Count);
            passed.Add((store.Struck, refused));
        }
        Assert.Contains(passed, one => !one.Refused);
        Assert.All(passed.Take(passed.FindLastIndex(one => one.At == "get registry") + 1), one => Assert.True(one.Refused, one.At));
    }

    [Fact]
    public async Task Call_BegunBeforeItNeededAnApproval_IsNotMadeBesideIt()
    {
        await using var world = await World.CreateAsync();
        var call = Mine(world, target: "crm/lookup");
        for (var at = 1; await new Ledger(world.Memory, world.Blobs).FindAsync(call, Token) is null; at++)
        {
            Assert.InRange(at, 1, 200);
            var store = new FaultyTableStore(world.Memory);
            store.Arm(at, Fault.ThrowBefore);
            await Record.ExceptionAsync(() => new Node(world, store).Gateway.CallAsync(call, Token));
        }
        Assert.Empty(world.Upstream.Calls); // it is in the ledger, and has not left
        world.Time.Now += TimeSpan.FromDays(1);
        await world.MoveAsync(RegistryKind.Policy, PolicyCache.EntryName, "1.0.0", Lifecycle.Deprecated, "2.0.0");
        await world.WriteAsync(World.Entry(RegistryKind.Policy, PolicyCache.EntryName, "2.0.0", new PolicyBody(World.Policy.Replace("'crm/lookup', ", "", StringComparison.Ordinal).Replace("['crm/apply']", "['crm/apply', 'crm/lookup']", StringComparison.Ordinal))));
        call = call with { Deadline = world.Time.Now.AddMinutes(5) };
        await ApprovedAsync(world, call, isKeyed: true);
        Assert.Equal("fence-changed", Assert.IsType<GatewayResult.Refused>(await PassAsync(world, call, isKeyed: true)).Refusal.Rule);
        Assert.Empty(world.Upstream.Calls);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused), record => record is { Stage: "commit", Rule: "fence-changed" });
        Assert.Equal("grant-required", Assert.IsType<GatewayResult.Refused>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token)).Refusal.Rule);
    }

    [Fact]
    public async Task Ask_OutcomeUnknown_AsksAnewAndSaysWhy()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Lost());
        await ApprovedAsync(world);
        Assert.IsType<GatewayResult.InDoubt>(await PassAsync(world, Mine(world)));
        Assert.Equal("in-doubt", (await WaitingAsync(world)).Request.Again);
        Assert.Single(world.Upstream.Calls);
    }

    [Theory]
    [InlineData("outcome")]
    [InlineData("arguments")]
    [InlineData("caller")]
    [InlineData("mac")]
    public async Task Call_GateRowEditedByHand_IsRefused(string what)
    {
        await using var world = await World.CreateAsync();
        var gate = what == "outcome" ? await WaitingAsync(world) : await ApprovedAsync(world);
        await EditAsync(world, "gates", gate.Id.Value, body => what switch
        {
            "outcome" => body.With("gate", body["gate"]!.With("outcome", "approved").With("closedAt", body["gate"]!["openedAt"]!)),
            "arguments" => body.With("gate", StrictJson.ParseLenient(body["gate"]!.ToString().Replace("mail", "bank", StringComparison.Ordinal))),
            "caller" => body.With("gate", StrictJson.ParseLenient(body["gate"]!.ToString().Replace("\"ana\"", "\"zoe\"", StringComparison.Ordinal))),
            _ => body.With("mac", new string('A', body["mac"]!.AsString().Length)),
        });
        Assert.Equal("grant-unauthentic", Assert.IsType<GatewayResult.Refused>(await PassAsync(world, Mine(world))).Refusal.Rule);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused), record => record is { Stage: "authorize", Rule: "grant-unauthentic" });
        Assert.NotEqual(gate.Id, (await WaitingAsync(world)).Id);
        Assert.Empty(world.Upstream.Calls);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task Call_CounterEditedByHand_PassesOncePerApproval(int? occurrence)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        await ApprovedAsync(world);
        await PassAsync(world, Mine(world));
        await WaitingAsync(world);
        await EditAsync(world, "adhocgates", world.Ana.Subject, body => occurrence is { } number ? body.With("occurrence", number).With("told", true) : null);
        for (var i = 0; i < 3; i++) await WaitingAsync(world);
        Assert.Single(world.Upstream.Calls);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent));
    }

    [Fact]
    public async Task Call_ApprovedAndMadeByTwoAtOnce_ReachesTheUpstreamOnce()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        world.Upstream.OnArrival = _ => Task.CompletedTask;
        var nodes = new[] { new Node(world, new YieldingTableStore(world.Memory)), new Node(world, new YieldingTableStore(world.Memory)) };
        for (var round = 1; round <= 200; round++)
        {
            var caller = world.Ana with { Id = $"ana-{round}" }; // whose every call after the first stays open
            var asked = await Task.WhenAll(nodes.Select(node => Task.Run(() => AskAsync(node, Mine(world, caller: caller)))));
            var gate = Assert.Single(asked.Select(result => Assert.IsType<AdHocResult.Waiting>(result).Gate).DistinctBy(gate => gate.Id));
            var decided = Task.Run(() => DecideAsync(world, gate, world.Sam));
            var results = await Task.WhenAll(nodes.Concat(nodes).Select(node => Task.Run(() => TryPassAsync(node, Mine(world, caller: caller)))));
            await decided;
            foreach (var result in results) Assert.True(result is GatewayResult.Completed or GatewayResult.InDoubt or GatewayResult.Refused { Refusal.Rule: "effect-claimed" } or AdHocResult.Waiting, result.ToString());
            if (world.Upstream.Calls.Count < round) await PassAsync(world, Mine(world, caller: caller));
            Assert.Equal(round, world.Upstream.Calls.Count);
        }
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    [InlineData(Fault.HangBefore)]
    [InlineData(Fault.HangAfter)]
    public async Task Ask_StoreFailsAnywhere_OneGateAndItsRecordsOnce(Fault fault)
    {
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, 200);
            await using var world = await World.CreateAsync();
            var store = new FaultyTableStore(world.Memory);
            var node = new Node(world, store);
            store.Arm(at, fault);
            var asking = Task.Run(() => AskAsync(node, Mine(world)));
            await Task.WhenAny(asking, store.Reached);
            if (store.Struck is null) break;
            var gate = await WaitingAsync(world, new Node(world, world.Memory));
            store.LetGo();
            await Record.ExceptionAsync(() => asking);
            Assert.Equal(gate.Id, (await WaitingAsync(world)).Id);
            Assert.Equal(gate.Id, Assert.Single(await world.Node.Desk.OpenGatesAsync(World.Tenant, Token)).Id);
            Assert.Single(await world.RecordsAsync(AuditTypes.GateOpened));
            Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        }
    }

    [Theory]
    [InlineData(Fault.ThrowBefore, false)]
    [InlineData(Fault.ThrowAfter, false)]
    [InlineData(Fault.HangBefore, false)]
    [InlineData(Fault.HangAfter, false)]
    [InlineData(Fault.ThrowAfter, true)]
    [InlineData(Fault.HangAfter, true)]
    public async Task Call_StoreFailsAnywhere_NeverTwiceAndNeverLost(Fault fault, bool isKeyed)
    {
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, 200);
            await using var world = await World.CreateAsync();
            world.Upstream.Always(_ => StubUpstream.Done());
            var call = Mine(world);
            await ApprovedAsync(world, call, isKeyed);
            var store = new FaultyTableStore(world.Memory);
            var node = new Node(world, store);
            store.Arm(at, fault);
            var first = Task.Run(() => TryPassAsync(node, call, isKeyed));
            await Task.WhenAny(first, store.Reached);
            if (store.Struck is null) break;
            var where = $"{fault} at operation {at}, {store.Struck}";
            var wasCalled = !world.Upstream.Calls.IsEmpty;
            var answer = await TryPassAsync(new Node(world, world.Memory), call, isKeyed);
            store.LetGo();
            await Record.ExceptionAsync(() => first);
            Assert.True(world.Upstream.Calls.Count <= 1, where);
            // Done under the approval; or in doubt; or, without a key, done by the first one, so that this is a call to be asked for.
            Assert.True(answer is GatewayResult.Completed or GatewayResult.InDoubt || (!isKeyed && wasCalled && answer is AdHocResult.Waiting), $"{answer}; {where}");
            Assert.True(world.Upstream.Calls.Count == 1 || answer is GatewayResult.InDoubt, where);
            Assert.True(await TryPassAsync(new Node(world, world.Memory), call, isKeyed) is AdHocResult.Waiting || isKeyed, where);
            Assert.True(world.Upstream.Calls.Count <= 1, where);
            Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent));
        }
    }

    private static GatewayCall Mine(World world, string arguments = """{"service":"mail"}""", Principal? caller = null, string target = "crm/apply") => new(
        new EffectId(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))), new ActorChain(caller ?? world.Ana), TargetKind.Tool, target, null, World.Arguments(arguments), world.Time.Now.AddMinutes(5));

    private static async Task<AdHocResult> AskAsync(Node node, GatewayCall call, bool isKeyed = false, GateId? pinned = null) =>
        await node.AdHoc.AskAsync(call, await node.Registries.ReadAsync(call.Tenant, Token), isKeyed, pinned, Token);

    private static async Task<Gate> WaitingAsync(World world, Node? node = null, string arguments = """{"service":"mail"}""") =>
        Assert.IsType<AdHocResult.Waiting>(await AskAsync(node ?? world.Node, Mine(world, arguments))).Gate;

    private static Task<Gate> ApprovedAsync(World world, string arguments = """{"service":"mail"}""") => ApprovedAsync(world, Mine(world, arguments));

    private static async Task<Gate> ApprovedAsync(World world, GatewayCall call, bool isKeyed = false)
    {
        var gate = Assert.IsType<AdHocResult.Waiting>(await AskAsync(world.Node, call, isKeyed)).Gate;
        return Assert.IsType<GateResult.Accepted>(await DecideAsync(world, gate, world.Sam)).Gate;
    }

    private static Task<GateResult> DecideAsync(World world, Gate gate, Principal person, bool approves = true) => world.Node.Desk.DecideAsync(
        new InteractiveSession(person, world.Time.Now), gate.Id, approves ? new Decision.Approve("fine", gate.ShownDigest) : new Decision.Reject("too risky", gate.ShownDigest), Token);

    /// <summary>What a face does with a call: it asks, and makes it if it may be made.</summary>
    private static async Task<object> TryPassAsync(Node node, GatewayCall call, bool isKeyed = false, GateId? pinned = null) => await AskAsync(node, call, isKeyed, pinned) switch
    {
        AdHocResult.Approved approved => await node.Gateway.CallAsync(approved.Call, Token),
        AdHocResult.NotAsked => await node.Gateway.CallAsync(call, Token),
        var other => other,
    };

    private static async Task<GatewayResult> PassAsync(World world, GatewayCall call, bool isKeyed = false, GateId? pinned = null) =>
        Assert.IsType<GatewayResult>(await TryPassAsync(new Node(world, world.Memory), call, isKeyed, pinned), exactMatch: false);

    private static async Task RefusedAsync(World world, GatewayCall call, string rule, int calls = 0, bool alone = true)
    {
        var refusal = Assert.IsType<GatewayResult.Refused>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token)).Refusal;
        Assert.Equal(rule, refusal.Rule);
        Assert.Equal(calls, world.Upstream.Calls.Count);
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused), one => one.Rule == rule);
        Assert.Equal((refusal.Stage, CanonicalJson.Digest(call.Arguments)), (record.Stage, record.ArgumentsDigest));
    }

    private static async Task EditAsync(World world, string table, string of, Func<JsonValue, JsonValue?> edit)
    {
        var found = await world.Memory.QueryAsync(table, Keys.Join(World.Tenant.Value, of), cancellationToken: Token).FirstAsync(Token);
        Assert.True((edit(found.Body) is { } body ? await world.Memory.ReplaceAsync(table, found.Key, body, found.ETag, Token) : await world.Memory.DeleteAsync(table, found.Key, found.ETag, Token)).Ok);
    }
}
