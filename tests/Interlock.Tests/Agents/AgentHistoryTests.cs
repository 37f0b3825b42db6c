using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Usage;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Agents;

/// <summary>What versions of agents did is derived from the audit: calls under the version that answered, and what people said to choices under the version that chose.</summary>
public sealed class AgentHistoryTests
{
    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Update_CallsChoicesAndPeoplesWord_AreOfTheVersionThatWasAtWork()
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.Chat("planner", "1.1.0"), AgentWorld.Chat("planner", "2.0.0"));
        Assert.Null((await AgentWorld.Desk(world).OpenAsync(AgentWorld.Opening(world, version: "^1"), PoolRequest.None, Token)).Refusal);
        world.Upstream.Then(AgentWorld.Answer(10, 1), AgentWorld.Answer(20, 2), new UpstreamResult.Completed(JsonValue.Null, true) { Use = new ModelUse("small", new TokenCount(40, 4)) });
        await world.Node.Gateway.CallAsync(AgentWorld.Turn(world, "a") with { Version = "1.1.0" }, Token);
        world.Time.Now += TimeSpan.FromDays(1);
        await world.Node.Gateway.CallAsync(AgentWorld.Turn(world, "b") with { Version = "1.1.0" }, Token);
        await world.Node.Gateway.CallAsync(AgentWorld.Turn(world, "c") with { Version = "2.0.0" }, Token);
        await AskedAsync(world, 1, gate => new Decision.Reject("no", gate.ShownDigest));
        await AskedAsync(world, 2, gate => new Decision.Approve("fine", gate.ShownDigest));
        Assert.Equal([("1.1.0", "2026-03-03", 1, 0, 11, 1, 0, 0), ("1.1.0", "2026-03-04", 1, 0, 22, 0, 2, 1), ("2.0.0", "2026-03-04", 1, 1, 44, 0, 0, 0)], await DaysAsync(world.Node.Gateway.Agents));
        Assert.Equal(3, (await DaysAsync(world.Node.Gateway.Agents)).Count); // counted once, however often it is updated
        Assert.Empty(await world.Node.Gateway.Agents.ReadAsync(World.Tenant, "plan", Token).ToListAsync(Token)); // another name
    }

    /// <summary>People are asked about a call that the planner chose, and one decides.</summary>
    private static async Task AskedAsync(World world, int call, Func<Gate, Decision> decide)
    {
        var frame = new FrameId($"{World.Frame}/calls@{call}");
        var request = world.Request($"gate-{call}", World.Cover("crm/apply", frame: frame)) with { ChosenBy = new Chooser("planner", "Mend it.", "It may help.", World.Frame, 1, call) };
        var opened = await world.Node.Desk.OpenAsync(World.Tenant, World.Site(frame), world.Origin, request, Token);
        Assert.Null(opened.Refusal);
        Assert.IsType<GateResult.Accepted>(await world.Node.Desk.DecideAsync(new InteractiveSession(world.Sam, world.Time.Now), request.Id, decide(opened.Value!), Token)); // not refused
    }

    private static async Task<List<(string, string, long, long, long, long, long, long)>> DaysAsync(AgentHistory history)
    {
        await history.UpdateAsync(World.Tenant, Token);
        return await history.ReadAsync(World.Tenant, "planner", Token)
            .Select(day => (day.Version, day.Day, day.Calls, day.Failures, day.InputTokens + day.OutputTokens, day.Conversations, day.Asked, day.Overridden)).ToListAsync(Token);
    }
}
