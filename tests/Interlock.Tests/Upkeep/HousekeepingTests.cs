using Interlock.Core;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Core.Upkeep;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Upkeep;

/// <summary>Rows that are needed for a time: gone after it, there while something needs them.</summary>
public sealed class HousekeepingTests
{
    private static readonly RowKey Row = new("contoso|p", "r");

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Quotas_OfWindowsLongPast_AreDeleted_AndThoseThatCountStay()
    {
        await using var world = await World.CreateAsync();
        await world.WriteAsync(World.Entry(RegistryKind.Policy, QuotaSet.EntryName, "1.0.0", new PolicyBody("{ version: 1, rules: [ { id: q, calls: { hour: 5, month: 100 } } ], run: { calls: 3 } }")));
        world.Upstream.Then(StubUpstream.Done(), StubUpstream.Done());
        await world.Node.Gateway.CallAsync(world.Call(), Token);
        await RunAsync(world, isOver: false);
        Assert.Equal(3, await QuotasAsync(world));
        world.Time.Now += TimeSpan.FromDays(2);
        await RunAsync(world, isOver: false);
        Assert.Equal(2, await QuotasAsync(world)); // the month is not over, nor is the run
        world.Time.Now += TimeSpan.FromDays(40);
        await RunAsync(world, isOver: false);
        Assert.Equal(1, await QuotasAsync(world));
        world.Time.Now += TimeSpan.FromDays(8);
        await RunAsync(world, isOver: true);
        Assert.Equal(0, await QuotasAsync(world));
        Assert.Equal(0, await NotesAsync(world));
    }

    [Theory]
    [InlineData("over", true)]
    [InlineData("not yet", false)]
    [InlineData("beside another", false)]
    [InlineData("of a run", false)]
    [InlineData("later by its own word", false)]
    [InlineData("never written", false)]
    public async Task Sweep_DeletesWhatNothingNeeds(string what, bool deleted)
    {
        await using var world = new World();
        var expiries = new Expiries(world.Memory);
        var due = new Expiry("things", Row, World.Start);
        await expiries.NoteAsync(World.Tenant, what switch
        {
            "not yet" => due with { Due = World.Start.AddMinutes(2) },
            "beside another" => due with { While = ("others", Row) },
            "of a run" => due with { Run = World.Run },
            "later by its own word" => due with { After = ("deadline", TimeSpan.FromDays(1)) },
            _ => due,
        }, Token);
        await world.Memory.InsertAsync("others", Row, JsonValue.EmptyObject, Token);
        if (what != "never written") await world.Memory.InsertAsync("things", Row, JsonValue.Object(("deadline", World.Start.ToString("O"))), Token);
        Assert.Equal(deleted ? 1 : 0, await expiries.SweepAsync(World.Tenant, World.Start.AddMinutes(1), _ => Task.FromResult(false), 10, Token));
        Assert.Equal(deleted || what == "never written", await world.Memory.GetAsync("things", Row, Token) is null);
        if (what == "beside another") await world.Memory.DeleteAsync("others", Row, (await world.Memory.GetAsync("others", Row, Token))!.ETag, Token); // just inserted
        await expiries.SweepAsync(World.Tenant, World.Start.AddDays(30), _ => Task.FromResult(true), 10, Token);
        Assert.Null(await world.Memory.GetAsync("things", Row, Token));
        Assert.Equal(0, await NotesAsync(world));
    }

    [Fact]
    public async Task Sweep_BrokenOffAnywhere_IsFinishedLater()
    {
        for (var at = 1; ; at++)
        {
            await using var world = new World();
            var store = new FaultyTableStore(world.Memory);
            await new Expiries(world.Memory).NoteAsync(World.Tenant, new Expiry("things", Row, World.Start), Token);
            await world.Memory.InsertAsync("things", Row, JsonValue.EmptyObject, Token);
            store.Arm(at, Fault.ThrowAfter);
            try
            {
                await new Expiries(store).SweepAsync(World.Tenant, World.Start.AddMinutes(1), _ => Task.FromResult(true), 10, Token);
            }
            catch (StoreFaultException)
            {
            }
            await new Expiries(world.Memory).SweepAsync(World.Tenant, World.Start.AddMinutes(1), _ => Task.FromResult(true), 10, Token);
            Assert.Null(await world.Memory.GetAsync("things", Row, Token));
            Assert.Equal(0, await NotesAsync(world));
            if (store.Struck is null) break;
        }
    }

    [Fact]
    public async Task Sweep_TakesBoundedSteps_AndAnotherTenantsRowsStay()
    {
        await using var world = new World();
        var expiries = new Expiries(world.Memory);
        for (var i = 0; i < 200; i++)
        {
            var row = new RowKey("contoso|p", $"r{i}");
            await world.Memory.InsertAsync("things", row, JsonValue.EmptyObject, Token);
            await expiries.NoteAsync(i == 0 ? new TenantId("fabrikam") : World.Tenant, new Expiry("things", row, World.Start), Token);
        }
        Assert.Equal(16, await expiries.SweepAsync(World.Tenant, World.Start.AddMinutes(1), _ => Task.FromResult(true), 1, Token));
        Assert.Equal(183, await expiries.SweepAsync(World.Tenant, World.Start.AddMinutes(1), _ => Task.FromResult(true), 100, Token));
        Assert.NotNull(await world.Memory.GetAsync("things", new RowKey("contoso|p", "r0"), Token));
    }

    [Fact]
    public async Task Usage_OlderThanItIsKept_IsForgottenAndNotCountedAgain()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done(), StubUpstream.Done());
        await world.Node.Gateway.CallAsync(world.Call(), Token);
        await world.Node.Gateway.Usage.UpdateAsync(World.Tenant, Token);
        world.Time.Now += TimeSpan.FromDays(200);
        await world.Node.Gateway.CallAsync(world.Call(purpose: "later"), Token);
        await world.Node.Gateway.Usage.UpdateAsync(World.Tenant, Token);
        world.Time.Now += TimeSpan.FromDays(201);
        await RunAsync(world, isOver: true);
        await world.Node.Gateway.Usage.UpdateAsync(World.Tenant, Token);
        var kept = await world.Node.Gateway.Usage.ReadAsync(World.Tenant, World.Start.AddDays(-1), world.Time.Now, Token).ToListAsync(Token);
        Assert.Equal("2026-09-19T08", Assert.Single(kept).Hour);
    }

    private static Task RunAsync(World world, bool isOver) => new Housekeeping(null, world.Node.Gateway.Usage, world.Memory, (_, _, _) => Task.FromResult(isOver), world.Time).RunAsync(World.Tenant, Token);

    private static async Task<int> QuotasAsync(World world) =>
        await CountAsync(world, "quotas", Keys.Join("contoso", "rule:q:user:ana")) + await CountAsync(world, "quotas", Keys.Join("contoso", $"run:{World.Run}"));

    private static async Task<int> NotesAsync(World world)
    {
        var notes = 0;
        foreach (var shard in "0123456789abcdef") notes += await CountAsync(world, "expiries", Keys.Join("contoso", shard.ToString()));
        return notes;
    }

    private static async Task<int> CountAsync(World world, string table, string partition) => await world.Memory.QueryAsync(table, partition, cancellationToken: Token).CountAsync(Token);
}
