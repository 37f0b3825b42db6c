using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Storage;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Registry.Changes;

/// <summary>Proposals under races and crashes: applied once to what was looked at, or failed and known to have.</summary>
public sealed class ProposalTests
{
    private static readonly Uri Shop = new("https://shop.contoso.com/mcp");

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Decide_WhileTheFirstApprovalIsApplied_IsRefusedAndAppliedOnce()
    {
        await using var world = await World.CreateAsync();
        var (shown, asked) = (new TaskCompletionSource(), new TaskCompletionSource());
        var discovery = new StubDiscovery();
        discovery.Show(("buy", "Buys."));
        discovery.Otherwise = async _ =>
        {
            asked.TrySetResult();
            await shown.Task;
            return discovery.Result;
        };
        var desk = Desk(world, world.Memory, discovery);
        var proposal = await ProposedAsync(desk, Admin(world.Ana), new RegistryRequest.RegisterServer("shop", Shop, null));
        var first = desk.DecideAsync(Session(world, world.Zoe), proposal.Id, proposal.Digest, true, null, Token);
        await asked.Task;
        Assert.Equal("decided", Assert.IsType<ChangeResult.Refused>(await desk.DecideAsync(Session(world, world.Sam), proposal.Id, proposal.Digest, true, null, Token)).Rule);
        world.Time.Now += TimeSpan.FromSeconds(1);
        Assert.Equal("decided", Assert.IsType<ChangeResult.Refused>(await desk.DecideAsync(Session(world, world.Sam), proposal.Id, proposal.Digest, false, null, Token)).Rule);
        shown.SetResult();
        Assert.IsType<RegistryResult.Changed>(Assert.IsType<ChangeResult.Answered>(await first).Result);
        Assert.Equal((ProposalState.Applied, "user:zoe"), ((await desk.FindAsync(World.Tenant, proposal.Id, Token))!.State, (await desk.FindAsync(World.Tenant, proposal.Id, Token))!.DecidedBy)); // it was proposed
        Assert.Single(discovery.Asked);
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.RegistryProposal)).Count(record => record.Rule == "decided"));
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Recover_AfterACrashAtAnyWriteOrRead_EndsAppliedOnce(Fault fault)
    {
        var struck = 0;
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync();
            await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
            var store = new FaultyTableStore(world.Memory);
            var desk = Desk(world, store);
            var proposal = await ProposedAsync(desk, Admin(world.Ana), new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Active, null, null));
            var before = (await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token)).Epoch;
            store.Arm(at, fault);
            try
            {
                await desk.DecideAsync(Session(world, world.Zoe), proposal.Id, proposal.Digest, true, null, Token);
            }
            catch (StoreFaultException)
            {
                struck++;
            }
            if (store.Struck is null) break;
            world.Time.Now += ProposalApplication.ClaimTime;
            var later = Desk(world, world.Memory);
            await later.RecoverAsync(World.Tenant, Token);
            if ((await later.FindAsync(World.Tenant, proposal.Id, Token))!.State == ProposalState.Open) // it was proposed
                await later.DecideAsync(Session(world, world.Zoe), proposal.Id, proposal.Digest, true, null, Token);
            var registry = await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token);
            Assert.Equal((at, ProposalState.Applied, Lifecycle.Active, before + 1), (at, (await later.FindAsync(World.Tenant, proposal.Id, Token))!.State, registry.Find(RegistryKind.Tool, "crm/read", "1.0.0")!.Lifecycle, registry.Epoch)); // as above
            Assert.Equal(0, await later.RecoverAsync(World.Tenant, Token));
        }
        Assert.InRange(struck, 8, 100);
    }

    [Fact]
    public async Task Recover_WhileTheFirstStillWorks_LeavesOneChange()
    {
        await using var world = await World.CreateAsync();
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        var store = new FaultyTableStore(world.Memory);
        var slow = Desk(world, store);
        var proposal = await ProposedAsync(slow, Admin(world.Ana), new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Active, null, null));
        store.Arm("batch registry", Fault.HangBefore);
        var first = slow.DecideAsync(Session(world, world.Zoe), proposal.Id, proposal.Digest, true, null, Token);
        await store.Reached;
        Assert.Equal("batch registry", store.Struck);
        var other = Desk(world, world.Memory);
        Assert.Equal(0, await other.RecoverAsync(World.Tenant, Token));
        world.Time.Now += ProposalApplication.ClaimTime;
        Assert.Equal(1, await other.RecoverAsync(World.Tenant, Token));
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled); // and somebody takes it back
        var epoch = (await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token)).Epoch;
        store.LetGo();
        await first;
        var registry = await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token);
        Assert.Equal((epoch, Lifecycle.Disabled), (registry.Epoch, registry.Find(RegistryKind.Tool, "crm/read", "1.0.0")!.Lifecycle)); // registered by the world
        Assert.Equal(ProposalState.Applied, (await other.FindAsync(World.Tenant, proposal.Id, Token))!.State); // it was proposed
    }

    [Fact]
    public async Task Recover_WhatItIsAboutChangedMeanwhile_EndsFailedWithTheReason()
    {
        await using var world = await World.CreateAsync();
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        var store = new FaultyTableStore(world.Memory);
        var desk = Desk(world, store);
        var proposal = await ProposedAsync(desk, Admin(world.Ana), new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Active, null, null));
        store.Arm("batch registry", Fault.ThrowBefore);
        await Assert.ThrowsAsync<StoreFaultException>(() => desk.DecideAsync(Session(world, world.Zoe), proposal.Id, proposal.Digest, true, null, Token));
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Quarantined);
        world.Time.Now += ProposalApplication.ClaimTime;
        Assert.Equal(1, await Desk(world, world.Memory).RecoverAsync(World.Tenant, Token));
        var ended = (await desk.FindAsync(World.Tenant, proposal.Id, Token))!; // it was proposed
        Assert.Equal(ProposalState.Failed, ended.State);
        Assert.Contains("registered otherwise by now", ended.Reason, StringComparison.Ordinal);
        Assert.Contains(await world.RecordsAsync(AuditTypes.RegistryProposal), record => record is { Decision: "failed" } && record.Reason == ended.Reason);
    }

    [Fact]
    public async Task Apply_WhatItIsAboutChangedSinceTheCheck_ChangesNothing()
    {
        var applied = 0;
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync();
            await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
            var store = new FaultyTableStore(world.Memory);
            var desk = Desk(world, store);
            var proposal = await ProposedAsync(desk, Admin(world.Ana), new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Active, null, null));
            store.Arm(at, Fault.HangBefore);
            var deciding = desk.DecideAsync(Session(world, world.Zoe), proposal.Id, proposal.Digest, true, null, Token);
            if (await Task.WhenAny(store.Reached, deciding) == deciding) break;
            await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Quarantined);
            store.LetGo();
            await deciding;
            var registry = await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token);
            Assert.Equal((at, Lifecycle.Quarantined), (at, registry.Find(RegistryKind.Tool, "crm/read", "1.0.0")!.Lifecycle)); // registered by the world
            applied++;
        }
        Assert.InRange(applied, 8, 100);
    }

    [Fact]
    public async Task Request_ThatWidensBetweenTheLookAndTheWrite_IsNotMadeByOneAlone()
    {
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync();
            var store = new FaultyTableStore(world.Memory);
            var desk = Desk(world, store);
            store.Arm(at, Fault.HangBefore);
            var asking = desk.RequestAsync(world.Ana with { Roles = ["operator"] }, new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Deprecated, null, null), Token);
            if (await Task.WhenAny(store.Reached, asking) == asking) break;
            await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Quarantined);
            store.LetGo();
            await asking;
            var registry = await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token);
            Assert.Equal((at, Lifecycle.Quarantined), (at, registry.Find(RegistryKind.Tool, "crm/read", "1.0.0")!.Lifecycle)); // registered by the world
        }
    }

    [Fact]
    public async Task Request_ByOneWithoutTheRole_OfWhatOnlyAnAdministratorMay_IsRefused()
    {
        await using var world = await World.CreateAsync();
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Quarantined);
        var desk = Desk(world, world.Memory);
        var answer = await desk.RequestAsync(world.Ana with { Roles = ["operator"] }, new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Active, null, null), Token);
        Assert.Equal("role-required", Assert.IsType<RegistryResult.Refused>(Assert.IsType<ChangeResult.Answered>(answer).Result).Problem.Rule);
        Assert.Empty(await desk.ListAsync(World.Tenant, Token));
    }

    [Fact]
    public async Task Request_WhatCanNeverBeApplied_IsRefusedBeforeAnybodyIsAsked()
    {
        await using var world = await World.CreateAsync();
        var discovery = new StubDiscovery();
        var desk = Desk(world, world.Memory, discovery);
        var ana = Admin(world.Ana);
        var odd = ServerSettings.None with { ElicitationOrigins = ["nowhere"] };
        foreach (RegistryRequest request in new RegistryRequest[]
        {
            new RegistryRequest.RegisterServer("shop", Shop, odd), new RegistryRequest.RegisterServer("Shop", Shop, null), new RegistryRequest.RegisterAgent("bot", "one", Shop),
            new RegistryRequest.PublishPolicy("version: 9"), new RegistryRequest.PublishQuotas("version: 9"), new RegistryRequest.PublishRoute("mail", "version: 9"),
            new RegistryRequest.Move(RegistryKind.Tool, "crm/none", "1.0.0", Lifecycle.Active, null, null), new RegistryRequest.ApproveContract("crm/read", "1.0.0", "sha256:x", null),
        })
            Assert.IsType<RegistryResult.Refused>(Assert.IsType<ChangeResult.Answered>(await desk.RequestAsync(ana, request, Token)).Result);
        Assert.Empty(await desk.ListAsync(World.Tenant, Token));
        await ProposedAsync(desk, ana, new RegistryRequest.RegisterServer("shop", Shop, null));
        Assert.Empty(discovery.Asked); // with the server's secret, before a second person has seen where it would go
        Assert.Empty(await world.RecordsAsync(AuditTypes.RegistryChanged));
    }

    private static ChangeDesk Desk(World world, ITableStore store, StubDiscovery? discovery = null)
    {
        var audit = new AuditLog(store, world.Time);
        var registry = new RegistryDesk(new RegistryStore(store), new WorkflowCatalog(world.Blobs), audit, discovery ?? new StubDiscovery(), world.Directory, world.Node.Fences, world.Time);
        return new ChangeDesk(registry, new ProposalStore(store, world.Mac, Incarnation.First), audit, world.Directory, world.Time);
    }

    private static Principal Admin(Principal person) => person with { Roles = ["admin"] };

    private static InteractiveSession Session(World world, Principal person) => new(Admin(person), world.Time.Now);

    private static async Task<Proposal> ProposedAsync(ChangeDesk desk, Principal by, RegistryRequest request) => Assert.IsType<ChangeResult.Proposed>(await desk.RequestAsync(by, request, Token)).Proposal;
}
