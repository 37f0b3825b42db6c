using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Events;

/// <summary>A process dies at each of its reads and writes, before it or after; another one takes over. Every run ends as it would have, each run is one, and each event is heard once.</summary>
public sealed class EventCrashTests
{
    private const int Most = 600;

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Death_AtEachStep_LosesNothing(Fault fault)
    {
        var struck = 0;
        for (var at = 1; at < Most; at++)
        {
            await using var world = new World();
            var first = new Society(world);
            await first.PublishAsync("started", "  - keep: { set: '${ .[0].data }' }", "{ on: { one: { with: { type: paid } } } }");
            await first.PublishAsync("listener", EventRunTests.Listens);
            await first.PublishAsync("parent", "  - sub: { run: { workflow: { namespace: test, name: listener, version: latest } } }");
            await first.PublishAsync("teller", EventRunTests.Emits);
            var parent = await first.StartAsync("parent");
            var store = new FaultyTableStore(world.Memory);
            var dying = new Society(world, store);
            await dying.Queue.WakeAsync(World.Tenant, parent, World.Token);
            store.Arm(at, fault);
            try
            {
                await dying.SettleAsync();
                await dying.StartAsync("teller", JsonValue.Object(("order", 7)), key: "once");
                await dying.SettleAsync();
            }
            catch (StoreFaultException)
            {
                // It died; what it held up it did not do.
            }
            if (store.Struck is not null) struck++;
            var next = new Society(world);
            await next.TakeOverAsync();
            await next.StartAsync("teller", JsonValue.Object(("order", 7)), key: "once"); // whoever was not answered asks again
            await next.TakeOverAsync();
            await new Society(world).TakeOverAsync();
            var context = $"{fault} at {at}: {store.Struck}";
            foreach (var name in new[] { "parent", "listener", "teller", "started" })
            {
                var runs = await next.RunsOfAsync(name);
                Assert.True(runs is [{ Status: RunStatus.Completed }], $"{context}: {name} {string.Join(", ", runs.Select(run => $"{run.Id} {run.Status} {run.Error?.Detail}"))}");
            }
            Assert.Equal(JsonValue.Array(JsonValue.Object(("order", 7))), (await next.StateAsync(parent)).Output);
            Assert.Single(await world.RecordsAsync(AuditTypes.EventEmitted));
            if (store.Struck is null) break;
        }
        Assert.InRange(struck, 60, Most - 2);
    }
}
