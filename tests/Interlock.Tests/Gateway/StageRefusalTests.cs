using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>Whatever a stage refuses, nothing leaves and one record says who was refused what, where and why.</summary>
public sealed class StageRefusalTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("crm/missing", "unknown-tool", 404)]
    [InlineData("nowhere/read", "unknown-tool", 404)]
    [InlineData("read", "unknown-tool", 404)]
    [InlineData("/read", "unknown-tool", 404)]
    [InlineData("crm/", "unknown-tool", 404)]
    [InlineData("", "unknown-tool", 404)]
    [InlineData("CRM/read", "unknown-tool", 404)]
    [InlineData("crm/read/", "unknown-tool", 404)]
    public async Task Resolve_UnknownTarget_IsRefused(string target, string rule, int status)
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call(target), "resolve", rule, status);
    }

    [Theory]
    [InlineData("2.0.0", 404)]
    [InlineData("^2", 404)]
    [InlineData("newest", 400)]
    [InlineData("", 400)]
    public async Task Resolve_VersionOutsideTheRange_IsRefused(string version, int status)
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call(version: version), "resolve", "version", status);
    }

    [Theory]
    [InlineData(Lifecycle.Disabled, "disabled", 403)]
    [InlineData(Lifecycle.Quarantined, "quarantined", 403)]
    [InlineData(Lifecycle.Deprecated, "deprecated", 410)]
    public async Task Resolve_LifecycleOverridesAPin_IsRefused(Lifecycle lifecycle, string rule, int status)
    {
        await using var world = await World.CreateAsync();
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", lifecycle);
        await RefusedAsync(world, world.Call(version: "1.0.0"), "resolve", rule, status);
    }

    [Fact]
    public async Task Resolve_Draft_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await world.WriteAsync(World.Tool("crm/new") with { Lifecycle = Lifecycle.Draft });
        await RefusedAsync(world, world.Call("crm/new"), "resolve", "draft", 403);
    }

    [Theory]
    [InlineData(Lifecycle.Disabled)]
    [InlineData(Lifecycle.Quarantined)]
    [InlineData(Lifecycle.Deprecated)]
    public async Task Resolve_ServerNotActive_ItsToolsAreRefused(Lifecycle lifecycle)
    {
        await using var world = await World.CreateAsync();
        await world.MoveAsync(RegistryKind.Server, "crm", "1.0.0", lifecycle);
        await RefusedAsync(world, world.Call(), "resolve", "server-unavailable", 403);
    }

    [Theory]
    [InlineData(Lifecycle.Disabled)]
    [InlineData(Lifecycle.Quarantined)]
    [InlineData(Lifecycle.Deprecated)]
    public async Task Resolve_SuccessorItselfNotActive_IsRefused(Lifecycle lifecycle)
    {
        await using var world = await World.CreateAsync();
        await world.WriteAsync(World.Tool("crm/read", "2.0.0"));
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Deprecated, "2.0.0");
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "2.0.0", lifecycle);
        await RefusedAsync(world, world.Call(version: "1.0.0"), "resolve", "deprecated", 410);
    }

    [Fact]
    public async Task Resolve_SuccessorAsksForMore_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await world.WriteAsync(World.Tool("crm/read", "2.0.0", """{"type":"object","properties":{"service":{"type":"string"},"level":{"type":"number"}},"required":["level"]}"""));
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Deprecated, "2.0.0");
        await RefusedAsync(world, world.Call(version: "1.0.0"), "resolve", "deprecated", 410);
    }

    [Fact]
    public async Task Resolve_CompatibleSuccessor_TakesTheCallAndTheRepinIsRecorded()
    {
        await using var world = await World.CreateAsync();
        await world.WriteAsync(World.Tool("crm/read", "2.0.0", contract: "sha256:contract-2"));
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Deprecated, "2.0.0");
        world.Upstream.Then(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(world.Call(version: "1.0.0"), Token));
        var intent = Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent));
        Assert.Equal("2.0.0", intent.ToolVersion);
        Assert.Equal("sha256:contract-2", intent.ContractDigest);
        Assert.Equal(JsonValue.Object(("repinnedFrom", "1.0.0"), ("repinnedTo", "2.0.0")), intent.Details);
    }

    [Theory]
    [InlineData("""{"service":1}""")]
    [InlineData("""{"level":"3"}""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [InlineData("\"service\"")]
    public async Task Validate_ArgumentsAgainstTheContract_AreRefusedAndNeverCoerced(string arguments)
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call(arguments: World.Arguments(arguments)), "validate", "arguments", 400);
    }

    [Fact]
    public async Task Validate_DefaultsAreFilledIn_AndExactlyTheCanonicalBytesAreSent()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        await world.Node.Gateway.CallAsync(world.Call(arguments: World.Arguments("""{ "service" : "m\u0061il" }""")), Token);
        var sent = Assert.Single(world.Upstream.Calls);
        Assert.Equal("""{"level":3,"service":"mail"}"""u8.ToArray(), sent.Arguments.ToArray());
        Assert.Equal(CanonicalJson.Digest(sent.Arguments.Span), Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent)).ArgumentsDigest);
    }

    [Theory]
    [InlineData("crm/other", "policy-default-deny")]
    [InlineData("crm/drop", "policy-denied")]
    [InlineData("crm/broken", "policy-error")]
    [InlineData("crm/apply", "grant-required")]
    public async Task Authorize_WithoutPermission_IsRefused(string target, string rule)
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call(target), "authorize", rule, 403);
    }

    [Fact]
    public async Task Authorize_OwnerOfTheWorkflowMayNot_ChainIsRefused()
    {
        await using var world = await World.CreateAsync("version: 1\nrules:\n  - { id: ana, principals: [ { user: ana } ], tools: ['crm/*'], effect: allow }\n");
        await RefusedAsync(world, world.Call(), "authorize", "chain-not-authorized", 403);
    }

    [Fact]
    public async Task Authorize_TenantWithoutPolicy_DeniesEverything()
    {
        await using var world = new World();
        await world.WriteAsync(World.Server(), World.Tool("crm/read"));
        await RefusedAsync(world, world.Call(), "authorize", "policy-default-deny", 403);
    }

    [Fact]
    public async Task Authorize_DocumentGatesWhatPolicyAllows_GrantIsRequired()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call() with { RequiresGrant = true }, "authorize", "grant-required", 403);
    }

    [Fact]
    public async Task Authorize_GuardedToolCalledByAClientItself_IsRefusedInThePrincipalsChain()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call("crm/apply") with { Site = null }, "authorize", "grant-required", 403);
    }

    [Fact]
    public async Task Admit_DeadlinePassed_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call() with { Deadline = world.Time.Now }, "admit", "deadline", 408);
    }

    [Fact]
    public async Task Commit_FrameNoLongerPending_IsRefused()
    {
        await using var world = await World.CreateAsync();
        world.Fence.IsPending = false;
        await RefusedAsync(world, world.Call(), "commit", "frame-not-pending", 409);
    }

    [Fact]
    public async Task Commit_DeadlinePassesWhileItWaitsForASlot_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await WithoutASlotAsync(world, async waiting =>
        {
            world.Time.Now = world.Time.Now.AddHours(1);
            await waiting();
        }, "commit", "deadline", 408);
    }

    [Fact]
    public async Task Commit_RegistrationChangesWhileItWaits_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await WithoutASlotAsync(world, async waiting =>
        {
            await world.MoveAsync(RegistryKind.Server, "crm", "1.0.0", Lifecycle.Deprecated);
            await world.WriteAsync(World.Server("2.0.0", "reg-2"));
            await waiting();
        }, "commit", "fence-changed", 409);
    }

    [Fact]
    public async Task Commit_DefaultsChangeWhileItWaits_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await WithoutASlotAsync(world, async waiting =>
        {
            await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Deprecated, "2.0.0");
            await world.WriteAsync(World.Tool("crm/read", "2.0.0", """{"type":"object","properties":{"service":{"type":"string"},"level":{"type":"number","default":9}}}"""));
            await waiting();
        }, "commit", "fence-changed", 409);
    }

    [Fact]
    public async Task Commit_ToolDisabledWhileItWaits_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await WithoutASlotAsync(world, async waiting =>
        {
            await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
            await waiting();
        }, "resolve", "disabled", 403);
    }

    [Fact]
    public async Task Commit_PolicyChangesWhileItWaits_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await WithoutASlotAsync(world, async waiting =>
        {
            await world.MoveAsync(RegistryKind.Policy, PolicyCache.EntryName, "1.0.0", Lifecycle.Deprecated, "2.0.0");
            await world.WriteAsync(World.Entry(RegistryKind.Policy, PolicyCache.EntryName, "2.0.0", new PolicyBody("version: 1\nrules: []\n")));
            await waiting();
        }, "authorize", "policy-default-deny", 403);
    }

    [Fact]
    public async Task Commit_TimeWindowOfThePolicyEndsWhileItWaits_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await WithoutASlotAsync(world, async waiting =>
        {
            world.Time.Now = World.Start.AddMinutes(31);
            await waiting();
        }, "authorize", "policy-default-deny", 403, "crm/hours");
    }

    [Fact]
    public async Task Commit_AnotherToolChanges_PassesUnderTheNewEpoch()
    {
        await using var world = await World.CreateAsync();
        var before = (await world.Node.Registries.ReadAsync(World.Tenant, Token)).Epoch;
        var held = await FillSlotsAsync(world);
        var call = world.Node.Gateway.CallAsync(world.Call(), Token);
        await world.WriteAsync(World.Tool("crm/new"));
        world.Upstream.Then(StubUpstream.Done());
        await held.ReleaseAsync();
        Assert.IsType<GatewayResult.Completed>(await call);
        var intent = (await world.RecordsAsync(AuditTypes.CallIntent)).Single(record => record.Target == "crm/read");
        Assert.Equal(before + 1, intent.Epoch);
    }

    [Fact]
    public async Task Commit_PolicyStartsToAskForApprovalWhileItWaits_TheGrantIsSpent()
    {
        await using var world = await World.CreateAsync();
        var gate = await world.ApprovedAsync(world.Request(covers: World.Cover("crm/read")));
        var held = await FillSlotsAsync(world);
        var call = world.Node.Gateway.CallAsync(world.Call() with { Grant = gate.Id }, Token);
        await world.MoveAsync(RegistryKind.Policy, PolicyCache.EntryName, "1.0.0", Lifecycle.Deprecated, "2.0.0");
        await world.WriteAsync(World.Entry(RegistryKind.Policy, PolicyCache.EntryName, "2.0.0", new PolicyBody(World.Policy.Replace("'crm/apply'", "'crm/apply', 'crm/read'", StringComparison.Ordinal))));
        world.Upstream.Then(StubUpstream.Done());
        await held.ReleaseAsync();
        Assert.IsType<GatewayResult.Completed>(await call);
        var again = await world.Node.Gateway.CallAsync(world.Call(purpose: "again") with { Grant = gate.Id }, Token);
        Assert.Equal("grant-spent", Assert.IsType<GatewayResult.Refused>(again).Refusal.Rule);
    }

    [Fact]
    public async Task Validate_ContractThatIsNoSchema_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await world.WriteAsync(World.Tool("crm/odd", schema: """{"type":"nothing"}"""));
        await RefusedAsync(world, world.Call("crm/odd"), "validate", "contract-invalid", 502);
    }

    [Fact]
    public async Task Refused_EndlessName_IsStillRecorded()
    {
        await using var world = await World.CreateAsync();
        Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(world.Call("crm/" + new string('x', 400_000)), Token));
        Assert.Equal("unknown-tool", Assert.Single(await world.RecordsAsync()).Rule);
    }

    [Fact]
    public async Task Refused_AskedAgain_IsOneRecord()
    {
        await using var world = await World.CreateAsync();
        for (var i = 0; i < 3; i++) await world.Node.Gateway.CallAsync(world.Call("crm/other"), Token);
        await new Node(world, world.Memory).Gateway.CallAsync(world.Call("crm/other"), Token);
        Assert.Single(await world.RecordsAsync());
    }

    [Fact]
    public async Task Refused_NameWithASurrogatePairWhereItIsCut_IsStillRecorded()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call(new string('x', 79) + "😀😀"), "resolve", "unknown-tool", 404);
    }

    [Fact]
    public async Task Call_AgentWithoutACard_IsUnknownEvenIfAToolHasTheName()
    {
        await using var world = await World.CreateAsync();
        await RefusedAsync(world, world.Call() with { Kind = TargetKind.Agent }, "resolve", "unknown-agent", 404);
    }

    private static async Task RefusedAsync(World world, GatewayCall call, string stage, string rule, int status)
    {
        var before = (await world.RecordsAsync()).Count;
        var refusal = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(call, Token)).Refusal;
        Assert.Equal((stage, rule, status), (refusal.Stage, refusal.Rule, refusal.Status));
        Assert.NotEqual("", refusal.Detail);
        Assert.Empty(world.Upstream.Calls);
        AssertRecord(Assert.Single((await world.RecordsAsync())[before..]), call, stage, rule);
    }

    private static void AssertRecord(AuditRecord record, GatewayCall call, string stage, string rule)
    {
        Assert.Equal((AuditTypes.CallRefused, stage, rule), (record.Type, record.Stage, record.Rule));
        Assert.Equal([.. call.Chain.Subjects], record.Actors);
        Assert.Equal(CanonicalJson.Digest(call.Arguments), record.ArgumentsDigest);
        Assert.Equal((call.Target, (EffectId?)call.Effect, call.Site?.Run), (record.Target, record.Effect, record.Run));
    }

    /// <summary>Lets a call wait before the fence while the world changes, and checks that it is refused there.</summary>
    private static async Task WithoutASlotAsync(World world, Func<Func<Task>, Task> change, string stage, string rule, int status, string target = "crm/read")
    {
        var held = await FillSlotsAsync(world);
        var call = world.Call(target) with { Deadline = world.Time.Now.AddMinutes(45) };
        var waiting = world.Node.Gateway.CallAsync(call, Token);
        Assert.False(waiting.IsCompleted);
        await change(held.ReleaseAsync);
        var refusal = Assert.IsType<GatewayResult.Refused>(await waiting).Refusal;
        Assert.Equal((stage, rule, status), (refusal.Stage, refusal.Rule, refusal.Status));
        Assert.DoesNotContain(world.Upstream.Calls, sent => sent.IdempotencyKey == call.Effect.Value);
        AssertRecord(Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)), call, stage, rule);
    }

    /// <summary>Sixteen calls of the run that the upstream does not answer yet.</summary>
    private static async Task<Slots> FillSlotsAsync(World world)
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var arrived = new SemaphoreSlim(0);
        var calls = new List<Task<GatewayResult>>();
        for (var i = 0; i < Core.Runs.RunLimits.ConcurrentCalls; i++)
        {
            world.Upstream.Then(async (_, _) =>
            {
                arrived.Release();
                await answer.Task;
                return StubUpstream.Done();
            });
            calls.Add(world.Node.Gateway.CallAsync(world.Call("crm/lookup", purpose: $"fill-{i}"), Token));
        }
        for (var i = 0; i < calls.Count; i++) await arrived.WaitAsync(Token);
        return new Slots(answer, calls);
    }

    private sealed record Slots(TaskCompletionSource Answer, List<Task<GatewayResult>> Calls)
    {
        public async Task ReleaseAsync()
        {
            Answer.TrySetResult();
            foreach (var call in Calls) Assert.IsType<GatewayResult.Completed>(await call);
        }
    }
}
