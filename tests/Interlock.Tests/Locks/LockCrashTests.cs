using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Locks;
using Interlock.Core.Runs;
using Interlock.Tests.Events;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Locks;

/// <summary>Locks where processes die at any read or write, and where several contend over one store: never two holders, nobody waits for ever, each grant recorded once.</summary>
public sealed class LockCrashTests
{
    private const int Most = 900;
    private const string Work = "  - work: { call: tool, with: { tool: crm/safe, arguments: {}, lock: shop } }";

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Death_AtEachStep_LeavesNoLockHeldAndNobodyWaiting(Fault fault)
    {
        var struck = 0;
        for (var at = 1; at < Most; at++)
        {
            await using var world = await World.CreateAsync();
            var overlap = new OverlapTool();
            world.Upstream.OnArrival = call => overlap.WorkAsync(Assert.Single(call.Locks).Fence);
            world.Upstream.Always(_ => StubUpstream.Done());
            var first = new Society(world);
            await first.PublishAsync("locked", Work);
            var runs = new List<RunId>();
            for (var i = 0; i < 3; i++) runs.Add(await first.StartAsync("locked"));
            var store = new FaultyTableStore(world.Memory);
            var dying = new Society(world, store);
            foreach (var run in runs) await dying.Queue.WakeAsync(World.Tenant, run, World.Token);
            store.Arm(at, fault);
            try
            {
                await dying.SettleAsync();
            }
            catch (StoreFaultException)
            {
                // It died; what it held up it did not do.
            }
            if (store.Struck is not null) struck++;
            var next = new Society(world);
            await next.TakeOverAsync();
            await next.TakeOverAsync();
            var context = $"{fault} at {at}: {store.Struck}";
            foreach (var run in runs) Assert.True((await next.StateAsync(run)).Status == RunStatus.Completed, $"{context}: {(await next.StateAsync(run)).Error}");
            Assert.Empty(await new LockList(world.Memory).ReadAsync(World.Tenant, 10, World.Token));
            Assert.Equal(3, (await world.RecordsAsync(AuditTypes.LockGranted)).Count);
            Assert.Equal(3, (await world.RecordsAsync(AuditTypes.LockReleased)).Count);
            Assert.Equal(0, overlap.Late);
            if (store.Struck is null) break;
        }
        Assert.InRange(struck, 60, Most - 2);
    }

    /// <summary>Three processes take whatever run comes first; every read and write of the store lets others in.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Processes_OverOneStore_NeverLetMoreThanThePlacesIn(int places)
    {
        const int Runs = 60;
        await using var world = await World.CreateAsync();
        var overlap = new OverlapTool();
        world.Upstream.OnArrival = call => overlap.WorkAsync(Assert.Single(call.Locks).Fence);
        world.Upstream.Always(_ => StubUpstream.Done());
        var processes = Enumerable.Range(0, 3).Select(i => new Society(world, new YieldingTableStore(world.Memory), lease: new EffectLease($"process-{i}", TimeSpan.FromSeconds(60)))).ToList();
        await processes[0].PublishAsync("locked", $"  - work: {{ call: tool, with: {{ tool: crm/safe, arguments: {{}} }}, metadata: {{ interlock: {{ lock: {{ name: shop, places: {places} }} }} }} }}");
        var runs = new List<RunId>();
        for (var i = 0; i < Runs; i++) runs.Add(await processes[i % 3].StartAsync("locked"));
        await Task.WhenAll(processes.Select(process => Task.Run(process.SettleAsync, World.Token)));
        for (var round = 0; round < 20 && (await processes[0].RunsOfAsync("locked")).Any(run => run.Status != RunStatus.Completed); round++)
            await Task.WhenAll(processes.Select(process => Task.Run(process.SettleAsync, World.Token)));
        foreach (var run in await processes[0].RunsOfAsync("locked")) Assert.True(run.Status == RunStatus.Completed, $"{run.Status}: {run.Error}");
        Assert.Equal(Runs, overlap.Calls);
        Assert.InRange(overlap.Most, 1, places);
        Assert.Equal(Runs, (await world.RecordsAsync(AuditTypes.LockGranted)).Select(record => (long)record.Details!["fence"]!.AsNumber()).Distinct().Count());
        var byFence = (await world.RecordsAsync(AuditTypes.LockGranted)).OrderBy(record => record.Details!["fence"]!.AsNumber()).Select(record => (int)record.Details!["ticket"]!.AsNumber()).ToList();
        Assert.Equal(byFence.Order(), byFence); // grants are in the order of asking, whoever gives them
    }
}
