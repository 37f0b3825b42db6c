using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>A grant is for one call exactly as it was approved; each single difference is refused at the gateway, and nothing leaves.</summary>
public sealed class GrantTests
{
    private const string GateTable = "gates";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"service":"mail"}""")]
    [InlineData("""{"level":3,"service":"mail"}""")]
    [InlineData("""{"service":"mail","level":3.0}""")]
    [InlineData("""{"level":30e-1,"service":"m\u0061il"}""")]
    public async Task Call_SameCanonicalArguments_IsGranted(string arguments)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var gate = await world.ApprovedAsync();
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world, Claim(world, gate) with { Arguments = World.Arguments(arguments) }));
        Assert.Equal("""{"level":3,"service":"mail"}"""u8.ToArray(), Assert.Single(world.Upstream.Calls).Arguments.ToArray());
        var intent = Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent));
        Assert.Equal(("approved", (GateId?)gate.Id), (intent.Decision, intent.Gate));
    }

    [Fact]
    public async Task Call_RowOfARejectedGateSetBackAndApprovedThen_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(), Token)).Value!; // allowed
        var key = new RowKey(Keys.Join(World.Tenant.Value, gate.Id.Value), "gate");
        var before = (await world.Memory.GetAsync(GateTable, key, Token))!; // just opened
        await world.Node.Desk.DecideAsync(new InteractiveSession(world.Sam, world.Time.Now), gate.Id, new Decision.Reject("no", gate.ShownDigest), Token);
        var rejected = (await world.Memory.GetAsync(GateTable, key, Token))!; // it stays
        await world.Memory.ReplaceAsync(GateTable, key, before.Body, rejected.ETag, Token); // by hand: Interlock's own row, from before
        Assert.IsType<GateResult.Accepted>(await world.Node.Desk.DecideAsync(new InteractiveSession(world.Zoe, world.Time.Now), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token));
        await RefusedAsync(world, Claim(world, gate), "grant-unauthentic");
    }

    [Fact]
    public async Task Call_RowOfASkippedStepSetBackAndRetriedThen_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var request = world.Request() with { Failure = new FailedStep(World.Frame, new Problem(ProblemTypes.ToolError, 502, "It failed"), [StepChoices.Retry, StepChoices.Skip]) };
        var gate = (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, request, Token)).Value!; // allowed
        var key = new RowKey(Keys.Join(World.Tenant.Value, gate.Id.Value), "gate");
        var before = (await world.Memory.GetAsync(GateTable, key, Token))!; // just opened
        await world.Node.Desk.DecideAsync(new InteractiveSession(world.Sam, world.Time.Now), gate.Id, new Decision.Resolve(null, gate.ShownDigest, StepChoices.Skip), Token);
        var skipped = (await world.Memory.GetAsync(GateTable, key, Token))!; // it stays
        await world.Memory.ReplaceAsync(GateTable, key, before.Body, skipped.ETag, Token); // by hand: Interlock's own row, from before
        Assert.IsType<GateResult.Accepted>(await world.Node.Desk.DecideAsync(new InteractiveSession(world.Zoe, world.Time.Now), gate.Id, new Decision.Resolve(null, gate.ShownDigest, StepChoices.Retry), Token));
        await RefusedAsync(world, Claim(world, gate), "grant-unauthentic");
    }

    [Theory]
    [InlineData("""{"service":"maiL"}""")]
    [InlineData("""{"service":"mail "}""")]
    [InlineData("""{"service":"mail","level":4}""")]
    [InlineData("""{"service":"mail","extra":null}""")]
    [InlineData("""{}""")]
    public async Task Call_OneArgumentDiffers_IsRefused(string arguments)
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        await RefusedAsync(world, Claim(world, gate) with { Arguments = World.Arguments(arguments) }, "intent-mismatch");
    }

    [Fact]
    public async Task Call_OtherUnicodeForm_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync(world.Request(covers: World.Cover(arguments: World.Arguments("{\"service\":\"caf\u00e9\"}"))));
        await RefusedAsync(world, Claim(world, gate) with { Arguments = World.Arguments("{\"service\":\"cafe\u0301\"}") }, "intent-mismatch");
    }

    [Theory]
    [InlineData("""{"service":"mail","level":9}""", true)]
    [InlineData("""{"service":"mail"}""", true)]
    [InlineData("""{"service":"web","level":9}""", false)]
    [InlineData("""{"service":"mail","level":9,"levels":9}""", false)]
    public async Task Call_ComputedMemberDiffers_IsGrantedWhileTheRestIsAsApproved(string arguments, bool granted)
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync(world.Request(covers: World.Cover(computed: ["/level"])));
        var call = Claim(world, gate) with { Arguments = World.Arguments(arguments) };
        if (!granted)
        {
            await RefusedAsync(world, call, "intent-mismatch");
            return;
        }
        world.Upstream.Then(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world, call));
    }

    [Theory]
    [InlineData("/do/1/apply#2")]
    [InlineData("/do/1/apply/try@2")]
    [InlineData("/do/2/apply")]
    [InlineData("/do/1/apply!undo")]
    [InlineData("")]
    public async Task Call_FromAnotherFrameOrIteration_IsRefused(string frame)
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        await RefusedAsync(world, Claim(world, gate) with { Site = World.Site(new FrameId(frame)) }, "target-mismatch");
    }

    [Fact]
    public async Task Call_FromAnotherRun_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        var call = Claim(world, gate);
        await RefusedAsync(world, call with { Site = World.Site() with { Run = new RunId(new string('f', 32)) } }, "target-mismatch");
    }

    [Fact]
    public async Task Call_OfAnotherTenant_FindsNoGate()
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        var fabrikam = new TenantId("fabrikam");
        var ours = await world.Node.Registries.ReadAsync(World.Tenant, Token);
        await new RegistryStore(world.Memory).WriteAsync(fabrikam, [.. ours.All], Token);
        var call = Claim(world, gate) with { Chain = new RunOrigin(world.Ana with { Tenant = fabrikam }, "user:owner", "api").Chain() };
        var refused = Assert.IsType<GatewayResult.Refused>(await CallAsync(world, call));
        Assert.Equal("grant-missing", refused.Refusal.Rule);
        Assert.Single(await world.RecordsAsync(fabrikam));
    }

    [Fact]
    public async Task Call_OfAnotherTool_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        await RefusedAsync(world, Claim(world, gate) with { Target = "crm/read" }, "target-mismatch");
    }

    [Fact]
    public async Task Call_WithAGateThatDoesNotExist_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call("crm/apply") with { Grant = new GateId("none") }, "grant-missing");
    }

    [Theory]
    [InlineData("contract")]
    [InlineData("registration")]
    [InlineData("address")]
    public async Task Call_TargetChangedSinceTheApproval_IsRefused(string what)
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        if (what == "contract")
        {
            await world.MoveAsync(RegistryKind.Tool, "crm/apply", "1.0.0", Lifecycle.Deprecated, "2.0.0");
            await world.WriteAsync(World.Tool("crm/apply", "2.0.0", contract: "sha256:contract-2"));
        }
        else
        {
            await world.MoveAsync(RegistryKind.Server, "crm", "1.0.0", Lifecycle.Deprecated, "2.0.0");
            await world.WriteAsync(what == "registration" ? World.Server("2.0.0", "reg-2") : World.Server("2.0.0", address: new Uri("https://crm.contoso.com/mcp2")));
        }
        await RefusedAsync(world, Claim(world, gate), "target-mismatch");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task Call_AgeOfTheGrant_IsBounded(int secondsOver, bool granted)
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        world.Time.Now += GrantCheck.Validity + TimeSpan.FromSeconds(secondsOver);
        if (!granted)
        {
            await RefusedAsync(world, Claim(world, gate), "grant-expired");
            return;
        }
        world.Upstream.Then(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world, Claim(world, gate)));
    }

    [Theory]
    [InlineData(GateOutcome.Expired)]
    [InlineData(GateOutcome.Withdrawn)]
    public async Task Call_GateEndedUndecided_IsRefused(GateOutcome cause)
    {
        await using var world = await World.CreateAsync();
        var gate = (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(), Token)).Value!; // opened
        await world.Node.Desk.CloseAsync(World.Tenant, World.Site(), gate.Id, cause, Token);
        await RefusedAsync(world, Claim(world, gate), "grant-missing");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_GateOpenOrRejected_IsRefused(bool rejected)
    {
        await using var world = await World.CreateAsync();
        var gate = (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(), Token)).Value!; // opened
        if (rejected) await world.Node.Desk.DecideAsync(new InteractiveSession(world.Sam, world.Time.Now), gate.Id, new Decision.Reject("no", gate.ShownDigest), Token);
        await RefusedAsync(world, Claim(world, gate), "grant-missing");
    }

    [Fact]
    public async Task Call_PolicyAsksForMoreSinceTheApproval_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync();
        await world.MoveAsync(RegistryKind.Policy, PolicyCache.EntryName, "1.0.0", Lifecycle.Deprecated, "2.0.0");
        await world.WriteAsync(World.Entry(RegistryKind.Policy, PolicyCache.EntryName, "2.0.0", new PolicyBody(World.Policy.Replace("quorum: 1", "quorum: 2", StringComparison.Ordinal))));
        await RefusedAsync(world, Claim(world, gate), ApprovalFloor.Rule);
    }

    [Theory]
    [InlineData("outcome")]
    [InlineData("arguments")]
    [InlineData("quorum")]
    [InlineData("mac")]
    [InlineData("no mac")]
    [InlineData("no gate")]
    public async Task Call_GateRowEditedByHand_IsRefused(string what)
    {
        await using var world = await World.CreateAsync();
        var request = world.Request();
        var gate = what == "outcome"
            ? (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, request, Token)).Value! // opened
            : await world.ApprovedAsync(request);
        await EditAsync(world, gate.Id, body => what switch
        {
            "outcome" => body.With("gate", body["gate"]!.With("outcome", "approved").With("closedAt", body["gate"]!["openedAt"]!)),
            "arguments" => body.With("gate", StrictJson.ParseLenient(body["gate"]!.ToString().Replace("mail", "bank", StringComparison.Ordinal))),
            "quorum" => body.With("gate", body["gate"]!.With("request", body["gate"]!["request"]!.With("quorum", 0))),
            "mac" => body.With("mac", new string('A', body["mac"]!.AsString().Length)),
            "no mac" => body.Without("mac"),
            _ => body.Without("gate"),
        });
        await RefusedAsync(world, Claim(world, gate), "grant-unauthentic");
    }

    [Fact]
    public async Task Call_RowOfAnotherApprovedGateInItsPlace_IsRefused()
    {
        await using var world = await World.CreateAsync();
        var approved = await world.ApprovedAsync(world.Request("gate-1"));
        var open = (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request("gate-2"), Token)).Value!; // opened
        var row = (await world.Memory.GetAsync(GateTable, Key(approved.Id), Token))!.Body; // approved above
        await EditAsync(world, open.Id, _ => row);
        await RefusedAsync(world, Claim(world, open), "grant-unauthentic");
    }

    [Fact]
    public async Task Call_OlderRowPutBackAfterTheGrantWasSpent_IsSpentAllTheSame()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var gate = await world.ApprovedAsync();
        var row = (await world.Memory.GetAsync(GateTable, Key(gate.Id), Token))!.Body; // approved above
        await CallAsync(world, Claim(world, gate));
        await EditAsync(world, gate.Id, _ => row);
        await RefusedAsync(world, Claim(world, gate) with { Effect = new EffectId("another") }, "grant-spent", calls: 1);
    }

    [Fact]
    public async Task Call_GrantReplayed_IsRefused()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var gate = await world.ApprovedAsync();
        await CallAsync(world, Claim(world, gate));
        await RefusedAsync(world, Claim(world, gate) with { Effect = new EffectId("another") }, "grant-spent", calls: 1);
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world, Claim(world, gate)));
    }

    [Fact]
    public async Task Call_TwoCoveredTasks_EachHasItsOwnUse()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done(), StubUpstream.Done());
        var second = new FrameId("/do/2/again");
        var gate = await world.ApprovedAsync(world.Request(covers: [World.Cover(), World.Cover(frame: second)]));
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world, Claim(world, gate)));
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world, world.Call("crm/apply", frame: second) with { Grant = gate.Id }));
    }

    private static GatewayCall Claim(World world, Gate gate) => world.Call("crm/apply") with { Grant = gate.Id, RequiresGrant = true, Deadline = world.Time.Now.AddMinutes(5) };

    private static Task<GatewayResult> CallAsync(World world, GatewayCall call) => new Node(world, world.Memory).Gateway.CallAsync(call, Token);

    internal static async Task RefusedAsync(World world, GatewayCall call, string rule, int calls = 0)
    {
        var refusal = Assert.IsType<GatewayResult.Refused>(await CallAsync(world, call)).Refusal;
        Assert.Equal(rule, refusal.Rule);
        Assert.Equal(calls, world.Upstream.Calls.Count);
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal((refusal.Stage, rule, CanonicalJson.Digest(call.Arguments)), (record.Stage, record.Rule, record.ArgumentsDigest));
        Assert.Equal([.. call.Chain.Subjects], record.Actors);
    }

    private static async Task EditAsync(World world, GateId gate, Func<JsonValue, JsonValue> edit)
    {
        var row = (await world.Memory.GetAsync(GateTable, Key(gate), Token))!; // the caller wrote it
        Assert.True((await world.Memory.ReplaceAsync(GateTable, row.Key, edit(row.Body), row.ETag, Token)).Ok);
    }

    private static RowKey Key(GateId gate) => new(Keys.Join(World.Tenant.Value, gate.Value), "gate");
}
