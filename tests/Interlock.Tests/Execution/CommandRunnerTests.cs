using System.Text.Json;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Execution;
using Interlock.Core.Runs;
using Interlock.Functions.Hosting;
using Interlock.Tests.Agents;
using Interlock.Tests.Architecture;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Execution;

/// <summary>What a command becomes at the gateway.</summary>
public sealed class CommandRunnerTests
{
    [Theory]
    [InlineData(24 * 60, 60)]
    [InlineData(5, 5)]
    public async Task Call_LongerThanTheHostLets_HasTheHostsDeadline(int allowed, int given)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var runner = new CommandRunner(world.Node.Gateway, world.Node.Desk, world.Time, TimeSpan.FromHours(1));
        var call = new Command.CallTool(new EffectId("1"), World.Frame, new TaskPath(World.Frame.Value), "crm/read", null, World.Arguments(), World.Start.AddMinutes(allowed));
        Assert.IsType<CommandOutcome.Happened>(await runner.RunAsync(Run(world), call, World.Token));
        Assert.Equal(World.Start.AddMinutes(given), Assert.Single(world.Upstream.Calls).Deadline);
    }

    [Theory]
    [InlineData(true, "crm__safe")]
    [InlineData(false, "")]
    public async Task CallAgent_ToAChatAgent_HasItsPoolOnlyWhereItMayChoose(bool mayChoose, string pool)
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.Chat("helper", with: settings => settings with { Pool = new PoolRequest { Tools = ["crm/safe"] } }));
        var runner = new CommandRunner(world.Node.Gateway, world.Node.Desk, world.Time, agents: AgentWorld.Desk(world));
        var call = new Command.CallAgent(new EffectId("1"), World.Frame, new TaskPath(World.Frame.Value), "helper", null, World.Arguments(), World.Start.AddMinutes(5)) { MayChoose = mayChoose };
        var opened = Assert.IsType<CommandOutcome.Happened>(await runner.RunAsync(Run(world), call, World.Token)).Event;
        Assert.Equal(pool, string.Join(",", Assert.IsType<RunEvent.AgentOpened>(opened).Terms.Pool.Select(member => member.Name)));
    }

    [Fact]
    public void LongestCall_EndsBeforeTheHostEndsTheWorker()
    {
        using var host = JsonDocument.Parse(File.ReadAllText(Path.Combine(Assemblies.Repository, "host.json")));
        var timeout = TimeSpan.Parse(host.RootElement.GetProperty("functionTimeout").GetString()!, System.Globalization.CultureInfo.InvariantCulture); // every host of ours sets one
        Assert.InRange(AppServices.LongestCall, TimeSpan.FromMinutes(30), timeout - TimeSpan.FromMinutes(5));
    }

    private static RunState Run(World world) => new()
    {
        Id = World.Run,
        Tenant = World.Tenant,
        Workflow = World.Workflow,
        Logic = Interpreter.Current,
        Origin = world.Origin,
        StartedAt = World.Start,
        Now = World.Start,
        Input = World.Arguments(),
    };
}
