using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Bypass;

/// <summary>Everybody at once, in processes of their own over one store: of what they want exactly one happens, and the call happens once or not at all.</summary>
public sealed class RaceTests
{
    private const int Rounds = 1000;

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task ApproveEditRejectDelegateExpireWithdraw_OneOutcome_AndTheCallAtMostOnce()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        world.Upstream.OnArrival = _ => Task.CompletedTask; // counted below
        var max = world.Directory.Add(World.Tenant, "max", "sre");
        var store = new YieldingTableStore(world.Memory);
        var nodes = Enumerable.Range(0, 3).Select(_ => new Node(world, store)).ToArray();
        var outcomes = new Dictionary<string, int>();
        var (reached, approved) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            world.Time.Now += GateRate.Window; // what was rejected often is asked again
            var (id, frame) = (new GateId($"gate-{round}"), new FrameId($"/do/0/each/do@{round}/0/apply"));
            var gate = (await nodes[0].Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, world.Request(id.Value, World.Cover(frame: frame)), Token)).Value!; // allowed
            var edit = new Decision.Edit(null, gate.ShownDigest, [new EditedCall(frame, World.Arguments("""{"service":"web"}"""))]);
            Func<Task<object>>[] comers =
            [
                async () => await nodes[0].Desk.DecideAsync(Session(world, world.Sam), id, new Decision.Approve(null, gate.ShownDigest), Token),
                async () => await nodes[1].Desk.DecideAsync(Session(world, world.Zoe), id, new Decision.Reject("no", gate.ShownDigest), Token),
                async () => await nodes[2].Desk.DecideAsync(Session(world, max), id, edit, Token),
                async () => await nodes[1].Desk.CloseAsync(World.Tenant, World.Site(), id, GateOutcome.Expired, Token),
                async () => await nodes[2].Desk.CloseAsync(World.Tenant, World.Site(), id, GateOutcome.Withdrawn, Token),
                async () => await nodes[0].Desk.DelegateAsync(Session(world, max), id, "sam", world.Time.Now.AddMinutes(5), null, Token),
            ];
            var told = await Task.WhenAll(Enumerable.Range(0, comers.Length).Select(i => Task.Run(comers[(i + round) % comers.Length])));
            var closed = (await world.Node.Desk.FindAsync(World.Tenant, id, Token))!; // opened above
            var name = $"{closed.Outcome}{(closed.Edited.IsEmpty ? "" : " as edited")}";
            outcomes[name] = outcomes.GetValueOrDefault(name) + 1;
            Assert.All(told.OfType<Gate>(), seen => Assert.Equal(closed.Outcome, seen.Outcome));
            Assert.InRange(told.OfType<GateResult.Accepted>().Count(accepted => accepted.Gate.Outcome is not null), 0, 1);
            Assert.InRange(closed.StandingVotes.Count(), 0, 1);

            GatewayCall Call(string service) => world.Call("crm/apply", World.Arguments($$"""{"service":"{{service}}"}"""), frame, $"{round} {service}") with { Grant = id, RequiresGrant = true };
            await Task.WhenAll(
                Task.Run(() => nodes[0].Gateway.CallAsync(Call("mail"), Token)), Task.Run(() => nodes[1].Gateway.CallAsync(Call("web"), Token)),
                Task.Run(() => nodes[2].Gateway.CallAsync(Call("mail") with { Effect = new EffectId($"other-{round}") }, Token)));
            var calls = world.Upstream.Calls.Skip(reached).ToList();
            Assert.Equal(closed.Outcome == GateOutcome.Approved ? 1 : 0, calls.Count);
            Assert.All(calls, call => Assert.Contains(closed.Edited.IsEmpty ? "mail" : "web", System.Text.Encoding.UTF8.GetString(call.Arguments.Span), StringComparison.Ordinal));
            reached += calls.Count;
            approved += closed.Outcome == GateOutcome.Approved ? 1 : 0;
        }
        Assert.Equal(approved, reached);
        var records = await world.RecordsAsync();
        var ends = records.Where(record => record.Type == AuditTypes.GateClosed).ToList();
        Assert.Equal((Rounds, Rounds), (ends.Count, ends.Select(record => record.Gate).Distinct().Count()));
        Assert.Equal(Rounds * 3 - reached, records.Count(record => record.Type == AuditTypes.CallRefused && record.Stage is "authorize" or "commit"));
        Assert.True(outcomes.Count > 2, $"Too few won: {string.Join(", ", outcomes)}");
    }

    private static InteractiveSession Session(World world, Principal person) => new(person, world.Time.Now);
}
