using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Http.Sessions;
using Interlock.Json;
using Interlock.Tests.Identity;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Adversary;

public sealed class GovernanceTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private static string Chain(Rig rig, Principal who) => AuditChain.ForPrincipal(Rig.Tenant, who.Subject, rig.Time.GetUtcNow()).Id;

    private static GatewayCall ClientCall(Rig rig, string effect = "0123456789abcdef0123456789abcdef") => new(
        new EffectId(effect), new ActorChain(Rig.Starter), TargetKind.Tool, "s/t", null, JsonValue.EmptyObject, rig.Time.GetUtcNow().AddMinutes(1));

    [Fact]
    public async Task RegisteringAServerOfManyTools_RecordsEveryChange()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        for (var i = 0; i < 50; i++) rig.Upstream.Tools.Add(StubUpstream.Tool("many" + i));
        var changed = Assert.IsType<RegistryResult.Changed>(await rig.Registry.RegisterServerAsync(Rig.Admin, "s", new Uri("http://127.0.0.1:1/")));
        var targets = (await rig.RecordsAsync(Chain(rig, Rig.Admin))).Select(record => $"{record.Target} {record.ToolVersion}").ToHashSet();
        Assert.Empty(changed.Entries.Where(entry => !targets.Contains($"{entry.Kind.ToString().ToLowerInvariant()}:{entry.Name} {entry.Version}")).Select(entry => entry.Name));
    }

    [Fact]
    public async Task RegisteringAServerAgain_DoesNotReviveADisabledTool()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        await rig.Registry.SetLifecycleAsync(Rig.Admin, RegistryKind.Tool, "s/t", "1.0.0", Lifecycle.Disabled, null, "dangerous");
        Assert.IsType<GatewayResult.Refused>(await rig.Gateway.CallAsync(ClientCall(rig, new string('1', 32))));
        await rig.Registry.RegisterServerAsync(Rig.Admin, "s", new Uri("http://127.0.0.1:1/"));
        Assert.IsType<GatewayResult.Refused>(await rig.Gateway.CallAsync(ClientCall(rig, new string('2', 32))));
    }

    [Fact]
    public async Task RegisteringAServerAgain_DoesNotReviveAQuarantinedTool()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        await rig.Registry.SetLifecycleAsync(Rig.Admin, RegistryKind.Tool, "s/t", "1.0.0", Lifecycle.Quarantined, null, "changed by itself");
        await rig.Registry.RegisterServerAsync(Rig.Admin, "s", new Uri("http://127.0.0.1:1/"));
        Assert.IsType<GatewayResult.Refused>(await rig.Gateway.CallAsync(ClientCall(rig)));
    }

    [Fact]
    public async Task DisablingWhileARegistrationIsWritten_StaysDisabled()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        rig.Upstream.Tools.Clear();
        rig.Upstream.Tools.Add(StubUpstream.Tool("t", "other"));
        var raced = false;
        rig.Tables.Before = async (table, what) =>
        {
            if (table != "audit" || raced) return;
            raced = true;
            Assert.IsType<RegistryResult.Changed>(await new RegistryDesk(rig.Registries, rig.Catalog, new AuditLog(new MemoryTableStore()), rig.Upstream, rig.Directory, rig.Fences, rig.Time)
                .SetLifecycleAsync(Rig.Admin, RegistryKind.Tool, "s/t", "1.0.0", Lifecycle.Disabled, null, "dangerous"));
        };
        var result = await rig.Registry.RegisterServerAsync(Rig.Admin, "s", new Uri("http://127.0.0.1:1/"));
        Assert.True(raced);
        Assert.Equal(Lifecycle.Disabled, (await rig.Registries.ReadAsync(Rig.Tenant)).Find(RegistryKind.Tool, "s/t", "1.0.0")!.Lifecycle);
        Assert.IsType<RegistryResult.Refused>(result);
    }

    [Fact]
    public async Task DisablingAServer_NamesTheCallsInFlight()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        using var ticket = await rig.Fences.EnterAsync(ClientCall(rig));
        var left = await rig.Fences.DrainAsync(Rig.Tenant, 1, RegistryKind.Server, "s", TimeSpan.FromMilliseconds(50));
        Assert.Single(left.Calls);
    }

    [Fact]
    public async Task TheSameKeyAfterMidnight_CallsOnce()
    {
        var time = new ManualTime(new DateTimeOffset(2026, 1, 1, 23, 59, 59, TimeSpan.Zero));
        await using var rig = await new Rig(_directory.Path, time: time).StartAsync();
        Assert.IsType<GatewayResult.Completed>(await rig.Gateway.CallAsync(ClientCall(rig)));
        time.Now = time.Now.AddSeconds(2);
        Assert.IsType<GatewayResult.Completed>(await rig.Gateway.CallAsync(ClientCall(rig)));
        Assert.Single(rig.Upstream.Calls);
    }

    [Fact]
    public async Task AToolErrorCutInsideASurrogatePair_IsRecorded()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        rig.Upstream.Answer = (_, _) => Task.FromResult<UpstreamResult>(new UpstreamResult.Completed(JsonValue.From(new string('a', 1999) + "😀 and more"), true));
        var thrown = await Record.ExceptionAsync(() => rig.Gateway.CallAsync(ClientCall(rig)));
        var outcomes = (await rig.RecordsAsync(Chain(rig, Rig.Starter))).Count(record => record.Type == AuditTypes.CallOutcome);
        Assert.True(thrown is null && outcomes == 1, $"{outcomes} outcome records; {thrown?.GetType().Name}: {thrown?.Message}");
    }

    [Fact]
    public void ANewOwnerOfAWorkflow_GetsNothingFromARuleForTheWorkflow()
    {
        var policies = Assert.IsType<PolicyParseResult.Parsed>(PolicySet.Parse(
            "version: 1\nrules:\n  - id: wf\n    principals: [ { workflow: support/incident } ]\n    tools: ['s/t']\n    effect: allow\n")).Policies;
        var mallory = new Principal(Rig.Tenant, "mallory", PrincipalKind.User, "Mallory", [], ["author"]);
        // Mallory, an author without any rule of her own, publishes support/incident 1.0.1 and starts it.
        var decision = PolicyEngine.Decide(policies, new PolicyRequest(new ActorChain(mallory, mallory.Subject), TargetKind.Tool, "s/t", "sha256:x", JsonValue.EmptyObject, DateTimeOffset.UtcNow, "support/incident"));
        Assert.Equal(PolicyEffect.Deny, decision.Effect);
    }

    [Fact]
    public void AnAddressThatHasHadTooMany_CannotLockOutAPerson()
    {
        var limiter = new SignInLimiter(20, TimeProvider.System);
        for (var i = 0; i < 100; i++) limiter.TryEnter("attacker", "5:localana");
        Assert.True(limiter.TryEnter("ana", "5:localana"));
    }

    [Fact]
    public void AnAddressThatHasHadTooMany_CannotLockOutEverybody()
    {
        var limiter = new SignInLimiter(20, TimeProvider.System);
        for (var i = 0; i < 100_001; i++) limiter.TryEnter("attacker", "5:local" + i);
        Assert.True(limiter.TryEnter("ana", "5:localana"));
    }

    [Fact]
    public async Task AnOperator_DoesNotLiftAQuarantineInTwoSteps()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        await rig.Registry.SetLifecycleAsync(Rig.Admin, RegistryKind.Tool, "s/t", "1.0.0", Lifecycle.Quarantined, null, "changed by itself");
        var web = (Http.Hosting.InterlockWeb)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(typeof(Http.Hosting.InterlockWeb)) with { Registry = rig.Registry };
        var operatorOnly = new Principal(Rig.Tenant, "op", PrincipalKind.User, "Op", [], ["operator"]);
        foreach (var lifecycle in (string[])["active", "disabled", "active"])
        {
            await Http.Api.RegistryApi.LifecycleAsync(new Http.Api.ApiRequest(new Microsoft.AspNetCore.Http.DefaultHttpContext(), web, operatorOnly, [], "application/json",
                JsonValue.Object(("kind", "tool"), ("name", "s/t"), ("version", "1.0.0"), ("lifecycle", lifecycle))));
        }
        Assert.NotEqual(Lifecycle.Active, (await rig.Registries.ReadAsync(Rig.Tenant)).Find(RegistryKind.Tool, "s/t", "1.0.0")!.Lifecycle);
    }

    [Fact]
    public void ACompensation_IsGrantedAsLongAsItsRunLasts()
    {
        var now = DateTimeOffset.UtcNow;
        var target = new Core.Approvals.BoundTarget("s/t", "1.0.0", "sha256:c", "r", new Uri("http://x/"));
        var request = new Core.Runs.GateRequest(new GateId(new string('a', 32)), new TaskPath("/do/0/gate"), "t", null, [], 1, true, true, now.AddHours(1), []);
        var gate = new Core.Approvals.Gate(Rig.Tenant, new RunId("r"), new Core.Runs.WorkflowRef("a/b", "1.0.0", "d"), request,
            [new(new FrameId("/do/1/c"), new TaskPath("/do/1/c"), "tool", target, JsonValue.EmptyObject, CanonicalJson.Digest(JsonValue.EmptyObject), []) { Compensation = target }], new Core.Runs.RunOrigin(Rig.Starter, null, "api"), now)
        { Outcome = Core.Runs.GateOutcome.Approved, ClosedAt = now };
        var claim = new Core.Approvals.GrantClaim(Rig.Tenant, [Rig.Starter.Subject], new RunId("r"), new FrameId("/do/1/c!undo"), true, target, JsonValue.EmptyObject);
        Assert.Null(Core.Approvals.GrantCheck.Refuse(gate, claim, Incarnation.First, now.AddHours(23)));
        Assert.Null(Core.Approvals.GrantCheck.Refuse(gate, claim, Incarnation.First, now.AddHours(25)));
    }

    [Fact]
    public async Task AServerWithAHundredTools_RegistersOrRecordsNothing()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        var before = (await rig.RecordsAsync(Chain(rig, Rig.Admin))).Count;
        for (var i = 0; i < 120; i++) rig.Upstream.Tools.Add(StubUpstream.Tool("many" + i));
        var thrown = await Record.ExceptionAsync(() => rig.Registry.RegisterServerAsync(Rig.Admin, "s", new Uri("http://127.0.0.1:1/")));
        var after = (await rig.RecordsAsync(Chain(rig, Rig.Admin))).Count;
        Assert.True(thrown is null, $"{thrown?.Message} {after - before} changes that never happened are in the audit.");
    }
}
