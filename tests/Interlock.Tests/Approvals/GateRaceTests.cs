using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Approvals;

/// <summary>The gate's row is the only arbiter, whoever comes at once and whoever dies in between.</summary>
public sealed class GateRaceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ApproveRejectExpireWithdraw_AtOnce_OneOutcomeThatAllAreTold()
    {
        const int rounds = 500;
        await using var world = await World.CreateAsync();
        var store = new YieldingTableStore(world.Memory);
        var nodes = Enumerable.Range(0, 4).Select(_ => new Node(world, store)).ToArray();
        var outcomes = new HashSet<GateOutcome>();
        for (var round = 0; round < rounds; round++)
        {
            world.Time.Now += GateRate.Window; // what was rejected often is asked again
            var gate = (await nodes[0].Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request($"gate-{round}"), Token)).Value!; // allowed
            var site = World.Site();
            Func<Task<object>>[] comers =
            [
                async () => await nodes[0].Desk.DecideAsync(new InteractiveSession(world.Sam, world.Time.Now), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token),
                async () => await nodes[1].Desk.DecideAsync(new InteractiveSession(world.Zoe, world.Time.Now), gate.Id, new Decision.Reject("no", gate.ShownDigest), Token),
                async () => await nodes[2].Desk.CloseAsync(World.Tenant, site, gate.Id, GateOutcome.Expired, Token),
                async () => await nodes[3].Desk.CloseAsync(World.Tenant, site, gate.Id, GateOutcome.Withdrawn, Token),
            ];
            var told = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(comers[(i + round) % 4])));
            var outcome = (await world.Node.Desk.FindAsync(World.Tenant, gate.Id, Token))!.Outcome!.Value; // closed by one of them
            outcomes.Add(outcome);
            foreach (var answer in told)
            {
                if (answer is Gate seen) Assert.Equal(outcome, seen.Outcome);
                else if (answer is GateResult.Accepted accepted) Assert.Equal(outcome, accepted.Gate.Outcome);
                else Assert.Equal("gate-closed", Assert.IsType<GateResult.Refused>(answer).Rule);
            }
            Assert.InRange(told.Count(answer => answer is GateResult.Accepted), 0, 1);
        }
        var closed = await world.RecordsAsync(AuditTypes.GateClosed);
        Assert.Equal(rounds, closed.Count);
        Assert.Equal(rounds, closed.Select(record => record.Gate).Distinct().Count());
        Assert.True(outcomes.Count > 1, "The same one won every time: no race was seen.");
        Assert.Empty(await world.Node.Desk.OpenGatesAsync(World.Tenant, Token));
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Open_StoreFailsAnywhere_OpeningAgainFinishesIt(Fault fault)
    {
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync();
            var store = new FaultyTableStore(world.Memory);
            store.Arm(at, fault);
            await Record.ExceptionAsync(() => new Node(world, store).Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(), Token));
            if (store.Struck is null) break;
            Assert.Null((await new Node(world, world.Memory).Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(), Token)).Refusal);
            Assert.True((await world.Node.Desk.InboxAsync(world.Sam, Token)).Count == 1, $"The open gate is in nobody's inbox; {fault} at {at}, {store.Struck}");
            Assert.Equal([AuditTypes.GateOpened], (await world.RecordsAsync()).Select(record => record.Type));
        }
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Close_StoreFailsAnywhere_ClosingAgainFinishesIt(Fault fault)
    {
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync();
            await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(), Token);
            var store = new FaultyTableStore(world.Memory);
            store.Arm(at, fault);
            await Record.ExceptionAsync(() => new Node(world, store).Desk.CloseAsync(World.Tenant, World.Site(), world.Request().Id, GateOutcome.Expired, Token));
            if (store.Struck is null) break;
            var closed = await new Node(world, world.Memory).Desk.CloseAsync(World.Tenant, World.Site(), world.Request().Id, GateOutcome.Withdrawn, Token);
            Assert.Equal(closed.Outcome, (await world.Node.Desk.FindAsync(World.Tenant, closed.Id, Token))?.Outcome);
            Assert.Equal([AuditTypes.GateOpened, AuditTypes.GateClosed], (await world.RecordsAsync()).Select(record => record.Type));
            Assert.Empty(await world.Node.Desk.OpenGatesAsync(World.Tenant, Token));
        }
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Decide_StoreFailsAnywhere_DecidingAgainRecordsWhatIsMissing(Fault fault)
    {
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync();
            var gate = (await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(), Token)).Value!; // allowed
            var store = new FaultyTableStore(world.Memory);
            store.Arm(at, fault);
            var session = new InteractiveSession(world.Sam, world.Time.Now);
            var decision = new Decision.Approve("fine", gate.ShownDigest);
            await Record.ExceptionAsync(() => new Node(world, store).Desk.DecideAsync(session, gate.Id, decision, Token));
            if (store.Struck is null) break;
            await new Node(world, world.Memory).Desk.DecideAsync(session, gate.Id, decision, Token);
            Assert.Equal(GateOutcome.Approved, (await world.Node.Desk.FindAsync(World.Tenant, gate.Id, Token))?.Outcome);
            Assert.Equal(
                [AuditTypes.GateOpened, AuditTypes.GateVote, AuditTypes.GateClosed],
                (await world.RecordsAsync()).Select(record => record.Type).Where(type => type != AuditTypes.CallRefused));
        }
    }
}
