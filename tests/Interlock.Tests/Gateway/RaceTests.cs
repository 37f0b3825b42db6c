using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;

namespace Interlock.Tests.Gateway;

/// <summary>Processes that know nothing of each other over one store.</summary>
public sealed class RaceTests
{
    private const int Rounds = 1000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TwoGateways_SameEffect_CallOnce()
    {
        var losers = new HashSet<string>();
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        world.Upstream.OnArrival = _ => Task.CompletedTask;
        var nodes = new[] { new Node(world, new YieldingTableStore(world.Memory)), new Node(world, new YieldingTableStore(world.Memory)) };
        for (var round = 1; round <= Rounds; round++)
        {
            var call = world.Call(purpose: $"round-{round}") with { Site = World.Site() with { Run = new RunId($"{round:x32}") } };
            var results = await Task.WhenAll(nodes.Select(node => Task.Run(() => node.Gateway.CallAsync(call, Token))));
            Assert.Equal(round, world.Upstream.Calls.Count);
            Assert.Contains(results, result => result is GatewayResult.Completed);
            foreach (var result in results) losers.Add(result is GatewayResult.Refused refused ? refused.Refusal.Rule : result.GetType().Name);
            Assert.IsType<GatewayResult.Completed>(await nodes[round % 2].Gateway.CallAsync(call, Token));
        }
        Assert.Contains("effect-claimed", losers);
        Assert.Subset(new HashSet<string> { "effect-claimed", nameof(GatewayResult.Completed), nameof(GatewayResult.InDoubt) }, losers);
    }

    [Fact]
    public async Task TwoEffects_OneGrant_OneWins()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        world.Upstream.OnArrival = _ => Task.CompletedTask;
        var nodes = new[] { new Node(world, new YieldingTableStore(world.Memory)), new Node(world, new YieldingTableStore(world.Memory)) };
        for (var round = 1; round <= Rounds; round++)
        {
            var gate = await world.ApprovedAsync(world.Request($"gate-{round}"));
            var calls = nodes.Select((_, i) => world.Call("crm/apply", purpose: $"round-{round}-{i}") with { Grant = gate.Id }).ToArray();
            var results = await Task.WhenAll(nodes.Select((node, i) => Task.Run(() => node.Gateway.CallAsync(calls[i], Token))));
            Assert.Equal(round, world.Upstream.Calls.Count);
            Assert.Single(results, result => result is GatewayResult.Completed);
            Assert.Single(results, result => result is GatewayResult.Refused { Refusal.Rule: "grant-spent" });
        }
        Assert.Equal(Rounds, (await world.RecordsAsync(AuditTypes.CallIntent)).Count);
        Assert.Equal(Rounds, (await world.RecordsAsync(AuditTypes.CallRefused)).Count(record => record.Rule == "grant-spent"));
    }

    [Fact]
    public async Task OneGateway_SameEffectAtOnce_GivesBothTheOneResult()
    {
        await using var world = await World.CreateAsync();
        var answer = new TaskCompletionSource();
        world.Upstream.Then(async (_, _) =>
        {
            await answer.Task;
            return StubUpstream.Done();
        });
        var calls = Enumerable.Range(0, 8).Select(_ => world.Node.Gateway.CallAsync(world.Call(), Token)).ToArray();
        answer.SetResult();
        Assert.All(await Task.WhenAll(calls), result => Assert.IsType<GatewayResult.Completed>(result));
    }
}
