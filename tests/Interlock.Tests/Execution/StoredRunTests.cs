using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Runs;

namespace Interlock.Tests.Execution;

/// <summary>Runs in a store: moved on by many, at any time, twice, too late, over a store that fails.</summary>
public sealed class StoredRunTests
{
    private static readonly Principal Ana = new(new("acme"), "ana", PrincipalKind.User, "Ana", [], []);

    private static CancellationToken Token => StoredRig.Token;

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Run_StoreFailsAnywhere_EndsAsItWouldHave(Fault fault)
    {
        var golden = GoldenRun.Read("saga");
        var expected = Ending(await EndOfAsync(golden, new StoredRig()));
        var struck = 0;
        for (var at = 1; ; at++)
        {
            var memory = new MemoryTableStore();
            var faulty = new FaultyTableStore(memory);
            faulty.Arm(at, fault);
            var rig = new StoredRig(faulty);
            var state = await EndOfAsync(golden, rig);
            if (faulty.Struck is null) break;
            struck++;
            Assert.True(expected == Ending(state), $"{fault} at operation {at}, {faulty.Struck}");
            Assert.Single(await AuditOfAsync(rig, golden), record => record.Outcome is not null);
            Assert.Equal(state.Events, (await rig.EventsAsync(golden.Started)).Count);
        }
        Assert.True(struck > 30, $"Only {struck} operations were seen.");
    }

    [Fact]
    public async Task Call_DeliveredTwiceAtOnce_IsFoldedOnce()
    {
        var golden = GoldenRun.Read("approval-approved");
        var rig = new StoredRig();
        await rig.StartAsync(golden.Definition, golden.Started);
        var gate = golden.Events.OfType<RunEvent.GateClosed>().Single();
        rig.Commands.Release(gate);
        var plan = await AdvanceAsync(rig, golden);
        var effect = new EffectId(Assert.Single(plan.Calls));
        var both = new[] { CallAsync(rig, golden, effect), CallAsync(rig, golden, effect) };
        rig.Commands.Release(golden.Events.OfType<RunEvent.EffectCompleted>().First());
        await Task.WhenAll(both);
        Assert.Equal(3, (await rig.StateAsync(golden.Started)).Events);
    }

    [Fact]
    public async Task Call_OfARunThatNoLongerWaits_DoesNothing()
    {
        var golden = GoldenRun.Read("cancel");
        var rig = new StoredRig();
        await rig.StartAsync(golden.Definition, golden.Started);
        var first = golden.Events.OfType<RunEvent.EffectCompleted>().First();
        rig.Commands.Release(first);
        await CallAsync(rig, golden, first.Effect);
        var called = rig.Commands.Called.Count;
        var plan = await CallAsync(rig, golden, first.Effect);
        Assert.Equal(called, rig.Commands.Called.Count);
        Assert.Equal(2, plan.Events);
    }

    [Fact]
    public async Task Call_CaughtBySuspensionBeforeItLeft_IsNoFailureAndStartsAgain()
    {
        var golden = GoldenRun.Read("suspend");
        var rig = new StoredRig();
        await rig.StartAsync(golden.Definition, golden.Started);
        var effect = new EffectId(Assert.Single((await AdvanceAsync(rig, golden)).Calls));
        var call = CallAsync(rig, golden, effect);
        await rig.Host.SuspendAsync(golden.Started.Tenant, golden.Started.Run, Ana, null, Token);
        rig.Commands.Release(new RunEvent.EffectFailed(rig.Time.Now, effect, new Problem(ProblemTypes.Refused, 409, "The gateway refused the call", "late") { Stage = "commit", Rule = "frame-not-pending" }));
        var suspended = await call;
        Assert.Empty(suspended.Calls);
        Assert.True(suspended.Suspended);
        await rig.Host.ResumeAsync(golden.Started.Tenant, golden.Started.Run, Ana, Token);
        Assert.Equal([effect.Value], (await AdvanceAsync(rig, golden)).Calls);
    }

    [Fact]
    public async Task Call_OfACancelledRun_IsAskedToStop()
    {
        var golden = GoldenRun.Read("cancel");
        var rig = new StoredRig();
        await rig.StartAsync(golden.Definition, golden.Started);
        var effect = new EffectId((await AdvanceAsync(rig, golden)).Calls[0]);
        var call = rig.Driver.CallAsync(golden.Started.Tenant, golden.Started.Run, effect, Token);
        await rig.Host.CancelAsync(golden.Started.Tenant, golden.Started.Run, Ana, "enough", Token);
        // The runner's wait is cancelled by the watch (it looks every two seconds), and asked once more it waits until it is released.
        while (rig.Commands.Called.Count(called => called == effect) < 2) await Task.Delay(50, Token);
        rig.Commands.Release(new RunEvent.EffectCompleted(rig.Time.Now, effect, JsonValue.EmptyObject));
        await call;
        Assert.DoesNotContain(effect, (await rig.StateAsync(golden.Started)).Abandoned.Keys);
    }

    [Fact]
    public async Task Post_ManyAtOnce_LosesNothing()
    {
        var golden = GoldenRun.Read("approval-approved");
        var rig = new StoredRig(new YieldingTableStore(new MemoryTableStore()));
        await rig.StartAsync(golden.Definition, golden.Started);
        var (tenant, run) = (golden.Started.Tenant, golden.Started.Run);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => i % 2 == 0 ? rig.Host.SuspendAsync(tenant, run, Ana, null, Token) : rig.Host.ResumeAsync(tenant, run, Ana, Token))));
        Assert.Equal(21, (await rig.StateAsync(golden.Started)).Events);
        Assert.Equal(21, (await rig.EventsAsync(golden.Started)).Count);
    }

    [Fact]
    public async Task Start_Twice_IsOneRun()
    {
        var golden = GoldenRun.Read("approval-approved");
        var rig = new StoredRig(new YieldingTableStore(new MemoryTableStore()));
        await rig.Catalog.StoreAsync(golden.Started.Tenant, golden.Definition.Document, Token);
        var request = new StartRun(golden.Started.Tenant, golden.Started.Workflow, golden.Started.Origin, golden.Started.Input) { Id = golden.Started.Run };
        var starts = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(() => rig.Host.StartAsync(request, Token))));
        Assert.Single(starts, start => start.IsNew);
        Assert.Single(await rig.Host.QueryAsync(new RunQuery(golden.Started.Tenant), Token));
        Assert.Single(rig.Scheduler.Scheduled);
    }

    [Fact]
    public async Task Query_ListsNewestFirst_AndByStatus()
    {
        var (ended, open) = (GoldenRun.Read("raise"), GoldenRun.Read("approval-approved"));
        var rig = new StoredRig();
        await rig.StartAsync(ended.Definition, ended.Started);
        await rig.StartAsync(open.Definition, open.Started with { Run = new RunId("00000000000000000000000000000002"), At = open.Started.At.AddMinutes(1) });
        var tenant = open.Started.Tenant;
        Assert.Equal(["00000000000000000000000000000002", "00000000000000000000000000000001"], (await rig.Host.QueryAsync(new RunQuery(tenant), Token)).Select(run => run.Id.Value));
        Assert.Equal(["00000000000000000000000000000002"], (await rig.Host.QueryAsync(new RunQuery(tenant, RunStatus.Running), Token)).Select(run => run.Id.Value));
        Assert.Empty(await rig.Host.QueryAsync(new RunQuery(new TenantId("other")), Token));
        Assert.Null(await rig.Host.GetAsync(new TenantId("other"), open.Started.Run, Token));
    }

    [Fact]
    public async Task Query_OfOpenRuns_FindsThemBehindAnyNumberOfNewerOnes()
    {
        var open = GoldenRun.Read("approval-approved");
        var rig = new StoredRig();
        await rig.StartAsync(open.Definition, open.Started);
        var tenant = open.Started.Tenant;
        for (var i = 0; i < 2001; i++)
        {
            // Runs that came later and are over, as far as the list knows them.
            await rig.Memory.InsertAsync("runlist", new RowKey(Keys.Join(tenant.Value), $"0:{i:D4}"), JsonValue.Object(("run", $"{i + 2:x32}")), Token);
        }
        Assert.Equal([open.Started.Run], (await rig.Host.QueryAsync(new RunQuery(tenant, RunStatus.Running, int.MaxValue), Token)).Select(run => run.Id));
    }

    [Theory]
    [InlineData(70_000)] // a result of more than 64 KiB
    [InlineData(400_000)]
    [InlineData(3_000_000)]
    public async Task LargeValues_AreStoredByReference_AndFoldAsTheyAre(int size)
    {
        var golden = GoldenRun.Read("data-flow");
        var rig = new StoredRig();
        var random = new Random(7);
        var large = JsonValue.Object(("total", 30), ("currency", "EUR"), ("blob", string.Create(size, random, static (span, r) => { foreach (ref var c in span) c = (char)('a' + r.Next(26)); })));
        await rig.StartAsync(golden.Definition, golden.Started with { Input = golden.Started.Input.With("more", large["blob"]!) }); // just made
        var effect = new EffectId(Assert.Single((await AdvanceAsync(rig, golden)).Calls));
        rig.Commands.Release(new RunEvent.EffectCompleted(rig.Time.Now, effect, large));
        await CallAsync(rig, golden, effect);
        var events = await rig.EventsAsync(golden.Started);
        Assert.Equal(large, Assert.IsType<RunEvent.EffectCompleted>(events[1]).Output);
        Assert.Equal(large["blob"], (await rig.StateAsync(golden.Started)).Input["more"]);
        var rows = await rig.Memory.QueryAsync("runs", Keys.Join(golden.Started.Tenant.Value, golden.Started.Run.Value), cancellationToken: Token).ToListAsync(Token);
        Assert.All(rows, row => Assert.InRange(row.Body.Size, 0, TableRules.MaxBodyBytes));
        Assert.All(rows.Where(row => row.Key.Row.StartsWith("event:", StringComparison.Ordinal)), row => Assert.InRange(row.Body.Size, 0, 66_000));
    }

    [Theory]
    [InlineData("v0")]
    [InlineData("1")]
    [InlineData("v")]
    [InlineData("v-1")]
    [InlineData("w1")]
    public void LogicVersion_ThatIsNone_IsRefused(string text) =>
        Assert.Throws<System.Text.Json.JsonException>(() => RunJson.FromValue<LogicVersion>(JsonValue.From(text)));

    [Fact]
    public void LogicVersion_OfANewerProgram_IsRead() => Assert.Equal((99, "\"v99\""), ((int)RunJson.FromValue<LogicVersion>(JsonValue.From("v99")), RunHarness.Json((LogicVersion)99)));

    [Fact]
    public async Task Run_OfANewerLogic_IsLeftAlone()
    {
        var golden = GoldenRun.Read("approval-approved");
        var rig = new StoredRig();
        await rig.StartAsync(golden.Definition, golden.Started);
        var stored = (await rig.Runs.FindAsync(golden.Started.Tenant, golden.Started.Run, Token))!; // just started
        var newer = stored.State with { Logic = (LogicVersion)99, Events = stored.State.Events + 1 };
        Assert.NotNull(await rig.Runs.AppendAsync(stored, new RunStep(newer, [new RunEvent.ResumeRequested(rig.Time.Now, "user:ana")]), Token));
        rig.Commands.Release(golden.Events.OfType<RunEvent.GateClosed>().Single());
        var plan = await AdvanceAsync(rig, golden);
        Assert.True(plan.IsForeign);
        Assert.Empty(plan.Calls);
        Assert.Equal(2, (await rig.StateAsync(golden.Started)).Events);
    }

    private static string Ending(RunState state) => $"{state.Status} {RunHarness.Json(state.Error)} {RunHarness.Json(state.UndoFailures)}";

    private static async Task<RunState> EndOfAsync(GoldenRun golden, StoredRig rig)
    {
        foreach (var happened in golden.Events.Where(happened => happened is RunEvent.EffectCompleted or RunEvent.EffectFailed or RunEvent.GateClosed)) rig.Commands.Release(happened);
        await SteadilyAsync(() => rig.StartAsync(golden.Definition, golden.Started));
        var plan = await SteadilyAsync(() => AdvanceAsync(rig, golden));
        for (var i = 0; !plan.IsOver; i++)
        {
            Assert.InRange(i, 0, 100);
            if (plan.NextDue is { } due && plan.Calls.All(call => golden.Events.All(happened => !Ends(happened, call)))) rig.Time.Now = due > rig.Time.Now ? due : rig.Time.Now;
            var next = plan.Calls.FirstOrDefault(call => golden.Events.Any(happened => Ends(happened, call)));
            plan = await SteadilyAsync(() => next is null ? AdvanceAsync(rig, golden) : CallAsync(rig, golden, new EffectId(next)));
        }
        return await SteadilyAsync(() => rig.StateAsync(golden.Started));
    }

    private static bool Ends(RunEvent happened, string effect) => happened switch
    {
        RunEvent.EffectCompleted done => done.Effect.Value == effect,
        RunEvent.EffectFailed failed => failed.Effect.Value == effect,
        _ => false,
    };

    private static async Task<T> SteadilyAsync<T>(Func<Task<T>> ask)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (StoreFaultException)
            {
                // As a scheduler does: asked again.
            }
        }
    }

    private static async Task<RunPlan> AdvanceAsync(StoredRig rig, GoldenRun golden) =>
        (await rig.Driver.AdvanceAsync(golden.Started.Tenant, golden.Started.Run, default, Token))!; // it was started

    private static async Task<RunPlan> CallAsync(StoredRig rig, GoldenRun golden, EffectId effect) =>
        (await rig.Driver.CallAsync(golden.Started.Tenant, golden.Started.Run, effect, Token))!; // it was started

    private static async Task<List<Core.Audit.AuditRecord>> AuditOfAsync(StoredRig rig, GoldenRun golden)
    {
        var chain = Core.Audit.AuditChain.ForRun(golden.Started.Tenant, golden.Started.Run);
        return await rig.Audit.ReadAsync(golden.Started.Tenant, chain.Id, Token).Select(entry => entry.Record).ToListAsync(Token);
    }
}
