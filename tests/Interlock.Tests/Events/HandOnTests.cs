using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Registry;

namespace Interlock.Tests.Events;

/// <summary>The page's two workflows, which hand work on to each other by events.</summary>
public sealed class HandOnTests
{
    [Fact]
    public async Task Documents_OfThePage_HandOnAndBack()
    {
        await using var world = await World.CreateAsync();
        await world.WriteAsync(
            World.Entry(RegistryKind.Agent, "researcher", "1.0.0", new AgentBody(new Uri("https://researcher.contoso.com"), "reg-r", "sha256:r")),
            World.Entry(RegistryKind.Agent, "reviewer", "1.0.0", new AgentBody(new Uri("https://reviewer.contoso.com"), "reg-v", "sha256:v")));
        world.Upstream.Always(call => StubUpstream.Done(JsonValue.Object(("by", call.Tool))));
        var society = new Society(world);
        var desk = new RegistryDesk(society.Node.Registries, society.Catalog, society.Node.Audit, new StubDiscovery(), world.Directory, society.Node.Fences, world.Time);
        var documents = Page().ToList();
        Assert.Equal(2, documents.Count);
        foreach (var document in documents)
        {
            var published = await desk.PublishWorkflowAsync(world.Sam, document, "page.yaml", World.Token);
            Assert.True(published is RegistryResult.Changed, $"{(published as RegistryResult.Refused)?.Problem}");
        }
        var run = Assert.Single(Assert.IsType<Core.Intake.IntakeResult.Started>(
            await society.Intake.StartAsync(world.Ana, "support/research", null, JsonValue.Object(("ticket", "T-1"), ("question", "Why?")), "api", null, World.Token)).Runs).State.Id;
        for (var round = 0; round < 5; round++) await society.TakeOverAsync();
        var ended = await society.StateAsync(run);
        Assert.True(ended.Status == RunStatus.Completed, $"{ended.Status}: {ended.Error}");
        Assert.Equal("""{"by":"reviewer"}""", ended.Output!.ToString());
        Assert.Equal(["researcher", "reviewer"], world.Upstream.Calls.Select(call => call.Tool));
    }

    /// <summary>The whole documents among the page's examples.</summary>
    private static IEnumerable<string> Page() =>
        File.ReadAllText(Path.Combine(Architecture.Assemblies.Repository, "docs", "coordination.md")).Split("```yaml\n").Skip(1).Select(block => block.Split("```")[0]).Where(block => block.StartsWith("document: {", StringComparison.Ordinal));
}
