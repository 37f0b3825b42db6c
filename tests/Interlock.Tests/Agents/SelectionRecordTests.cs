using Interlock.Core.Agents;
using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Runs;
using Interlock.Core.Runs.Conversations;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Runs.Conversations;

namespace Interlock.Tests.Agents;

/// <summary>What models choose is recorded before anybody acts on it, once, by the road that the run's host takes.</summary>
public sealed class SelectionRecordTests
{
    private static readonly ModelAnswer Wanted = new("", [
        new("a", "crm__lookup", Loops.Why("x", "to see")), new("b", "crm__drop", Loops.Why("y", "to be rid of it")), new("c", "crm__lookup", "{}")], "calls", "small-2026", new(30, 4));

    private static UpstreamResult Answered { get; } = new UpstreamResult.Completed(Wanted.ToJson(), IsError: false) { Use = new ModelUse(Wanted.Model, Wanted.Tokens) };

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Turn_EachChoiceIsRecordedBeforeItsOutcomeIsTold()
    {
        await using var world = await AgentWorld.CreateAsync();
        var state = Asking(world);
        var turn = state.Pending.Values.OfType<Command.CallModel>().Single();
        world.Upstream.Then(Answered);
        var outcome = Assert.IsType<CommandOutcome.Happened>(await Runner(world).RunAsync(state, turn, Token));
        Assert.IsType<RunEvent.EffectCompleted>(outcome.Event);
        var records = await world.RecordsAsync(AuditTypes.AgentSelection);
        Assert.Equal(["accepted", "refused", "refused"], records.Select(record => record.Decision));
        Assert.Equal([null, SelectionRules.OutOfPool, SelectionRules.ReasonMissing], records.Select(record => record.Rule));
        var accepted = records[0];
        Assert.Equal(("crm/lookup", "1.0.0", "to see", $"{Loops.Top}/calls@1"), (accepted.Target, accepted.ToolVersion, accepted.Reason, accepted.Frame?.Value));
        Assert.Contains("agent:planner", accepted.Actors);
        Assert.Equal(CanonicalJson.Digest(turn.Arguments), accepted.Details!["prompt"]!.AsString());
        Assert.Equal("""["crm__lookup"]""", accepted.Details["candidates"]!.ToString());
        Assert.Equal("""[{"target":"crm/drop","why":"policy"}]""", accepted.Details["excluded"]!.ToString());
        Assert.Equal(("small-2026", 30d), (accepted.Details["model"]!.AsString(), accepted.Details["tokens"]!["input"]!.AsNumber()));
        Assert.Equal(("crm__drop", null), (records[1].Target, records[1].ToolVersion));
        Assert.Equal(["call.intent", "call.outcome", "agent.selection", "agent.selection", "agent.selection"], (await world.RecordsAsync()).Where(record => record.Effect == turn.Id).Select(record => record.Type));
    }

    [Fact]
    public async Task Turn_AskedForAgain_IsNotRecordedAgain()
    {
        await using var world = await AgentWorld.CreateAsync();
        var state = Asking(world);
        var turn = state.Pending.Values.OfType<Command.CallModel>().Single();
        world.Upstream.Then(Answered);
        await Runner(world).RunAsync(state, turn, Token);
        await Runner(world).RunAsync(state, turn, Token);
        await Runner(world).RunAsync(state with { Pending = state.Pending.Remove(turn.Id) }, turn, Token);
        Assert.Equal(3, (await world.RecordsAsync(AuditTypes.AgentSelection)).Count);
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Turn_GivenUpMeanwhile_NothingItChoseIsAccepted()
    {
        await using var world = await AgentWorld.CreateAsync();
        var state = Asking(world);
        var turn = state.Pending.Values.OfType<Command.CallModel>().Single();
        world.Upstream.Then(Answered);
        await Runner(world).RunAsync(state with { Pending = state.Pending.Remove(turn.Id), Frames = state.Frames.Clear() }, turn, Token);
        Assert.All(await world.RecordsAsync(AuditTypes.AgentSelection), record => Assert.Equal(SelectionRules.NotPending, record.Rule));
    }

    /// <summary>A run whose planner is asked for its first turn.</summary>
    private static RunState Asking(World world)
    {
        var lookup = new PoolMember("crm__lookup", PoolKind.Tool, "crm/lookup", "1.0.0", "sha256:contract-1", "Looks up.", JsonValue.Object(("type", "object")));
        var definition = Loops.Autonomous();
        var started = new RunEvent.RunStarted(World.Start, World.Run, World.Tenant, new(definition.Name.ToString(), definition.Version, definition.Digest), Interpreter.Current, world.Origin, JsonValue.EmptyObject);
        var state = Interpreter.Start(definition, started);
        var terms = new AgentTerms("planner", "1.0.0", "small", "", [lookup], [new("crm/drop", "policy")]);
        return Interpreter.Advance(definition, state, new RunEvent.AgentOpened(World.Start, state.Pending.Values.Single().Id, terms));
    }

    private static CommandRunner Runner(World world) => new(world.Node.Gateway, world.Node.Desk, world.Time, agents: AgentWorld.Desk(world));
}
