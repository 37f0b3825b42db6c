using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Locks;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Events;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Locks;

/// <summary>Runs that want the same lock, over a store: who gets it, in which order, and what is recorded; nothing happens between two steps but what a test does.</summary>
public sealed class LockDeskTests
{
    private const string Work = "  - work: { call: tool, with: { tool: crm/read, arguments: {}, lock: shop }, timeout: { after: { minutes: 5 } } }";

    [Fact]
    public async Task Runs_ThatWantOneLock_HaveItOneAfterTheOther_InTheOrderOfAsking()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var society = new Society(world);
        await society.PublishAsync("locked", Work);
        var runs = new List<RunId>();
        for (var i = 0; i < 5; i++)
        {
            runs.Add(await society.StartAsync("locked"));
            await society.Driver.AdvanceAsync(World.Tenant, runs[^1], default, World.Token);
        }
        var standing = Assert.Single(await ListAsync(society));
        Assert.Equal(("shop", 1, 1, 4), (standing.Head.Name, standing.Head.Places, standing.Head.Held, standing.Head.Waiting));
        Assert.Equal(runs, standing.Holders.Concat(standing.Waiting).Select(claim => claim.Run));
        await society.SettleAsync();

        foreach (var run in runs) Assert.Equal(RunStatus.Completed, (await society.StateAsync(run)).Status);
        var sent = world.Upstream.Calls.Select(call => Assert.Single(call.Locks)).ToList();
        Assert.All(sent, held => Assert.Equal("shop", held.Name));
        Assert.Equal(sent.Select(held => held.Fence).Order().Distinct(), sent.Select(held => held.Fence));
        var granted = (await world.RecordsAsync(AuditTypes.LockGranted)).OrderBy(record => record.Details!["fence"]!.AsNumber()).ToList();
        Assert.Equal(runs, granted.Select(record => record.Run!.Value));
        Assert.Equal([1, 2, 3, 4, 5], granted.Select(record => (int)record.Details!["ticket"]!.AsNumber()));
        Assert.Equal(5, (await world.RecordsAsync(AuditTypes.LockReleased)).Count);
        Assert.Empty(await ListAsync(society));
    }

    [Fact]
    public async Task Semaphore_HasSoManyHolders_AndGivesAPlaceToTheNext()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var society = new Society(world);
        await society.PublishAsync("locked", "  - work: { call: tool, with: { tool: crm/read, arguments: {} }, metadata: { interlock: { lock: { name: '${ \"s\" + \"3\" }', places: 3 } } } }");
        var runs = new List<RunId>();
        for (var i = 0; i < 7; i++)
        {
            runs.Add(await society.StartAsync("locked"));
            await society.Driver.AdvanceAsync(World.Tenant, runs[^1], default, World.Token);
        }
        Assert.Equal(3, (await HeldAsync(society)).Count);
        await society.Host.CancelAsync(World.Tenant, runs[1], world.Ana, null, World.Token);
        await society.Host.CancelAsync(World.Tenant, runs[4], world.Ana, null, World.Token); // it waited
        await society.Driver.AdvanceAsync(World.Tenant, runs[1], default, World.Token);
        Assert.Equal(3, (await HeldAsync(society)).Count); // what it had under way is not settled yet
        await society.SettleAsync();
        Assert.Equal([RunStatus.Completed, RunStatus.Cancelled, RunStatus.Completed, RunStatus.Completed, RunStatus.Cancelled, RunStatus.Completed, RunStatus.Completed], await StatusesAsync(society, runs));
        Assert.Empty(await ListAsync(society));
    }

    [Fact]
    public async Task Places_OtherThanThoseOfWhoHoldsIt_AreRefusedAndRecorded()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var society = new Society(world);
        await society.PublishAsync("one", Work);
        await society.PublishAsync("two", "  - work: { call: tool, with: { tool: crm/read, arguments: {} }, metadata: { interlock: { lock: { name: shop, places: 2 } } } }");
        var first = await society.StartAsync("one");
        await society.Driver.AdvanceAsync(World.Tenant, first, default, World.Token);
        var second = await society.StartAsync("two");
        await society.Driver.AdvanceAsync(World.Tenant, second, default, World.Token);
        await society.SettleAsync();
        Assert.Equal([RunStatus.Completed, RunStatus.Faulted], await StatusesAsync(society, [first, second]));
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.LockRefused));
        Assert.Equal((second, "lock-places", "lock:shop"), (record.Run!.Value, record.Rule, record.Target));
        var third = await society.StartAsync("two"); // nobody holds it now
        await society.SettleAsync();
        Assert.Equal([RunStatus.Completed], await StatusesAsync(society, [third]));
    }

    [Fact]
    public async Task Call_WhoseRunLostTheLock_IsRefusedAtTheFence()
    {
        await using var world = await World.CreateAsync();
        var society = new Society(world);
        await society.PublishAsync("locked", Work);
        var run = await society.StartAsync("locked");
        var plan = await society.Driver.AdvanceAsync(World.Tenant, run, default, World.Token);
        await society.Relations.Locks.WithdrawAsync(await society.StateAsync(run), (await society.StateAsync(run)).Pending.Values.OfType<Command.HoldLock>().Single(), World.Token);
        await society.Driver.CallAsync(World.Tenant, run, new EffectId(Assert.Single(plan!.Calls)), World.Token);
        Assert.Equal("lock-lost", (await society.StateAsync(run)).Error!.Rule);
        Assert.Empty(world.Upstream.Calls);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused), record => record is { Stage: "commit", Rule: "lock-lost" });
    }

    [Fact]
    public async Task Holder_WhoseTimeIsLongOver_LosesItToWhoWaits()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var society = new Society(world);
        await society.PublishAsync("locked", Work);
        var first = await society.StartAsync("locked");
        await society.Driver.AdvanceAsync(World.Tenant, first, default, World.Token);
        await society.Host.SuspendAsync(World.Tenant, first, world.Ana, null, World.Token); // it will not go on by itself
        world.Time.Now += TimeSpan.FromMinutes(4);
        var second = await society.StartAsync("locked");
        await society.Driver.AdvanceAsync(World.Tenant, second, default, World.Token);
        await society.Relations.Locks.SweepAsync(World.Tenant, World.Token);
        Assert.Equal([first], await HeldAsync(society));
        world.Time.Now += TimeSpan.FromMinutes(3);
        await society.Relations.Locks.SweepAsync(World.Tenant, World.Token);
        Assert.Equal([second], await HeldAsync(society));
        await society.SettleAsync();
        Assert.Equal([RunStatus.Running, RunStatus.Completed], await StatusesAsync(society, [first, second]));
        Assert.Contains(await world.RecordsAsync(AuditTypes.LockReleased), record => record.Run == first && record.Reason == "Its time was over.");
    }

    [Fact]
    public async Task Numbers_GoUpForEver_AlsoWhenTheRowsAreGone()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var society = new Society(world);
        await society.PublishAsync("locked", Work);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 2; i++)
            {
                await society.StartAsync("locked");
                await society.SettleAsync();
            }
            world.Time.Now += TimeSpan.FromMinutes(9);
            await society.Relations.Locks.SweepAsync(World.Tenant, World.Token);
            Assert.Equal(1, await society.RowsAsync("locks", World.Tenant.Value));
            world.Time.Now += TimeSpan.FromMinutes(2);
            await society.Relations.Locks.SweepAsync(World.Tenant, World.Token);
            Assert.Equal(0, await society.RowsAsync("locks", World.Tenant.Value));
        }
        var fences = world.Upstream.Calls.Select(call => call.Locks[0].Fence).ToList();
        Assert.Equal(6, fences.Count);
        Assert.Equal(fences.Order().Distinct(), fences);
    }

    [Theory]
    [InlineData("queue")]
    [InlineData("reject")]
    [InlineData("cancelRunning")]
    public async Task Concurrency_OfOneKey_IsWhatTheDocumentSays(string onBusy)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var society = new Society(world);
        await society.PublishAsync("single", "  - work: { call: tool, with: { tool: crm/read, arguments: {} } }", more: $", concurrency: {{ key: '${{ .order }}', onBusy: {onBusy} }}");
        var first = await society.StartAsync("single", Order("a"));
        await society.Driver.AdvanceAsync(World.Tenant, first, default, World.Token);
        var second = await society.StartAsync("single", Order("a"));
        var other = await society.StartAsync("single", Order("b"));
        await society.Driver.AdvanceAsync(World.Tenant, second, default, World.Token);
        await society.Driver.AdvanceAsync(World.Tenant, other, default, World.Token);
        Assert.Equal(onBusy != "reject", (await society.StateAsync(second)).Error is null);
        await society.SettleAsync();
        Assert.Equal(
            onBusy switch
            {
                "queue" => [RunStatus.Completed, RunStatus.Completed, RunStatus.Completed],
                "reject" => [RunStatus.Completed, RunStatus.Faulted, RunStatus.Completed],
                _ => [RunStatus.Cancelled, RunStatus.Completed, RunStatus.Completed],
            },
            await StatusesAsync(society, [first, second, other]));
        var fences = world.Upstream.Calls.Select(call => Assert.Single(call.Locks).Name).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["workflow:test/single:a", "workflow:test/single:b"], fences);
        if (onBusy == "reject")
        {
            Assert.Equal((409, "concurrency", "lock"), ((await society.StateAsync(second)).Error!.Status, (await society.StateAsync(second)).Error!.Rule, (await society.StateAsync(second)).Error!.Stage));
            Assert.Single(await world.RecordsAsync(AuditTypes.LockRefused));
        }
        if (onBusy == "cancelRunning") Assert.Single(await world.RecordsAsync(AuditTypes.RunState), record => record.Run == first && record.Decision == "cancel" && record.Actors.Contains($"run:{second}"));
        Assert.Empty(await ListAsync(society));
    }

    [Fact]
    public async Task CancelRunning_OfMany_LeavesTheNewest()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var society = new Society(world);
        await society.PublishAsync("newest", "  - work: { call: tool, with: { tool: crm/read, arguments: {} } }", more: ", concurrency: { key: all, limit: 2, onBusy: cancelRunning }");
        var runs = new List<RunId>();
        for (var i = 0; i < 6; i++)
        {
            runs.Add(await society.StartAsync("newest"));
            await society.Driver.AdvanceAsync(World.Tenant, runs[^1], default, World.Token);
        }
        await society.SettleAsync();
        Assert.Equal([.. Enumerable.Repeat(RunStatus.Cancelled, 4), RunStatus.Completed, RunStatus.Completed], await StatusesAsync(society, runs));
    }

    [Fact]
    public async Task Grant_WhoseSignalWasLost_IsToldByTheSweep()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var store = new FaultyTableStore(world.Memory);
        var (dying, next) = (new Society(world, store), new Society(world));
        await next.PublishAsync("locked", Work);
        var (first, second) = (await next.StartAsync("locked"), await next.StartAsync("locked"));
        var plan = await next.Driver.AdvanceAsync(World.Tenant, first, default, World.Token);
        await next.Driver.AdvanceAsync(World.Tenant, second, default, World.Token);
        store.Arm($"batch locks", Fault.ThrowAfter); // the place is handed on, and nobody is told
        await dying.Driver.CallAsync(World.Tenant, first, new EffectId(Assert.Single(plan!.Calls)), World.Token);
        Assert.NotNull(store.Struck);
        Assert.Equal([second], await HeldAsync(next));
        Assert.Null((await next.StateAsync(second)).Locks);
        await next.Relations.Locks.SweepAsync(World.Tenant, World.Token);
        await next.SettleAsync();
        Assert.Equal([RunStatus.Completed, RunStatus.Completed], await StatusesAsync(next, [first, second]));
    }

    private static Task<IReadOnlyList<LockStanding>> ListAsync(Society society) => new LockList(society.World.Memory).ReadAsync(World.Tenant, 10, World.Token);

    private static JsonValue Order(string order) => JsonValue.Object(("order", order));

    private static async Task<List<RunId>> HeldAsync(Society society) => [.. (await ListAsync(society)).SelectMany(one => one.Holders).Select(claim => claim.Run)];

    private static async Task<List<RunStatus>> StatusesAsync(Society society, IEnumerable<RunId> runs)
    {
        var found = new List<RunStatus>();
        foreach (var run in runs) found.Add((await society.StateAsync(run)).Status);
        return found;
    }
}
