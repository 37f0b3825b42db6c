using Interlock.Json;
using Interlock.Samples.DemoServers;
using Interlock.Tests.Locks;
using Interlock.Tests.Upstreams;

namespace Interlock.Tests.Azure.Parity;

/// <summary>Runs that want one lock, on both hosts as they are put together, over HTTP and MCP: one at a time, in the order of their tickets.</summary>
public sealed class LockedRunsTests
{
    private const int Runs = 25;

    private const string Policy = """
        version: 1
        rules:
          - { id: work, principals: [ { any: true } ], tools: [locks/work], effect: allow }
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Runs_ThatWantOneLock_HaveItOneAtATime(bool isFunctions)
    {
        var overlap = new OverlapTool();
        await using var tool = await McpStub.NewestAsync(async (context, request) =>
        {
            await overlap.WorkAsync(request.Json!["params"]!["_meta"]!["interlock/fence"]!["shop"]!); // a call
            await McpStub.ResultAsync(context, request, """{"resultType":"complete","content":[{"type":"text","text":"done"}]}""");
        }, """[{"name":"work","description":"Works.","inputSchema":{"type":"object"}}]""");
        using var place = new ParityPlace();
        await using ParityHost host = isFunctions ? await FunctionsHost.StartAsync(place, new DemoServersOptions()) : await EmbeddedHost.StartAsync(place, new DemoServersOptions());
        using var scenario = new Scenario(host);
        await scenario.TakenAsync("POST", "/api/registry/servers", JsonValue.Object(("name", "locks"), ("address", tool.Address.ToString())).ToString());
        await scenario.TakenAsync("PUT", "/api/policy", Policy, "application/yaml");
        await scenario.PublishAsync("locked", "do: [ { work: { call: tool, with: { tool: locks/work, arguments: {}, lock: shop }, timeout: { after: { hours: 1 } } } } ]");
        for (var i = 0; i < Runs; i++) await scenario.StartAsync("test/locked", JsonValue.EmptyObject);
        await scenario.UntilAsync("/api/runs", body => body["runs"]!.Items.All(run => run["status"]!.AsString() == "completed"));
        Assert.Equal(Runs, overlap.Calls);
        Assert.Equal((1, 0), (overlap.Most, overlap.Late));
        await scenario.UntilAsync("/api/locks", body => body["locks"]!.Count == 0); // the last one is given back once its run has ended
        Assert.True((await host.VerifyAsync()).IsIntact);
    }
}
