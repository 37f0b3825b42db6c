using System.Diagnostics;
using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.EndToEnd;

/// <summary>500 runs want one lock, and the process is killed again and again while they have it one after the other.</summary>
public sealed class LockCrashTests
{
    private const int Runs = 500;
    private const int Kills = 8;

    private const string Policy = """
        version: 1
        rules:
          - { id: work, principals: [ { any: true } ], tools: [locks/work], effect: allow }
        """;

    private const string Workflow = """
        document: { dsl: 1.0.3, namespace: test, name: locked, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        timeout: { after: { hours: 3 } }
        do: [ { work: { call: tool, with: { tool: locks/work, arguments: {}, lock: shop }, timeout: { after: { hours: 2 } } } } ]
        """;

    [Fact]
    public async Task Killed_AgainAndAgain_ManyRunsHaveOneLock_OneAfterTheOther()
    {
        await using var tool = await OverlapServer.StartAsync();
        await using var site = await CrashSite.StartAsync(Workflow);
        await site.SendAsync(HttpMethod.Post, "/api/registry/servers", JsonValue.Object(
            ("name", "locks"), ("address", tool.Address.ToString()), ("settings", StrictJson.Parse("""{ "tools": { "work": { "idempotent": true } } }"""))).ToString());
        await site.SendAsync(HttpMethod.Put, "/api/policy", Policy, "application/yaml");
        for (var i = 0; i < Runs; i++)
            await site.SendAsync(HttpMethod.Post, "/api/runs", JsonValue.Object(("workflow", "test/locked"), ("idempotencyKey", $"run {i}")).ToString());
        while (await WaitingAsync(site) < Runs - 1) await Task.Delay(50, TestContext.Current.CancellationToken);

        var (kills, random, watch) = (0, new Random(7), Stopwatch.StartNew());
        await site.ArmAsync("after", 20);
        tool.Open();
        while (true)
        {
            try
            {
                if (await OpenAsync(site) == 0) break;
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
            catch (HttpRequestException)
            {
                kills++;
                await site.RestartAsync();
                if (kills < Kills) await site.ArmAsync(random.Next(2) == 0 ? "before" : "after", random.Next(20, 400));
            }
        }
        var elapsed = watch.Elapsed;
        while ((await site.SendAsync(HttpMethod.Get, "/api/locks"))["locks"]!.Count > 0) await Task.Delay(50, TestContext.Current.CancellationToken);

        Assert.Equal(Kills, kills);
        Assert.Equal((Runs, 0, 0), (tool.Done, tool.Overlaps, tool.Late));
        var records = await site.AuditAsync();
        Assert.Equal(Runs, records.Count(record => record is { Type: AuditTypes.RunState, Outcome: "completed" }));
        var granted = records.Where(record => record.Type == AuditTypes.LockGranted).OrderBy(record => record.Details!["fence"]!.AsNumber()).ToList();
        Assert.Equal(Runs, granted.Select(record => record.Run).Distinct().Count());
        Assert.Equal(Runs, granted.Count);
        Assert.Equal(Runs, records.Count(record => record.Type == AuditTypes.LockReleased));
        Assert.Equal(granted.Count, granted.Select(record => record.Details!["fence"]!.AsNumber()).Distinct().Count());
        var tickets = granted.Select(record => (int)record.Details!["ticket"]!.AsNumber()).ToList();
        Assert.Equal(tickets.Order(), tickets); // nobody overtakes who asked before
        TestContext.Current.TestOutputHelper?.WriteLine($"{Runs} runs in {elapsed.TotalSeconds:0.0} s with {kills} restarts: {Runs / elapsed.TotalSeconds:0.0} grants a second");
    }

    [Theory]
    [InlineData(50)]
    [InlineData(500)]
    public async Task Runs_ThatWantOneLock_HaveItAtARateThatTheQueueDoesNotChange(int runs)
    {
        await using var tool = await OverlapServer.StartAsync();
        await using var site = await CrashSite.StartAsync(Workflow);
        await site.SendAsync(HttpMethod.Post, "/api/registry/servers", JsonValue.Object(("name", "locks"), ("address", tool.Address.ToString())).ToString());
        await site.SendAsync(HttpMethod.Put, "/api/policy", Policy, "application/yaml");
        for (var i = 0; i < runs; i++) await site.SendAsync(HttpMethod.Post, "/api/runs", JsonValue.Object(("workflow", "test/locked")).ToString());
        while (await WaitingAsync(site) < runs - 1) await Task.Delay(50, TestContext.Current.CancellationToken);
        var watch = Stopwatch.StartNew();
        tool.Open();
        while (await OpenAsync(site) > 0) await Task.Delay(100, TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} runs: {runs / watch.Elapsed.TotalSeconds:0.0} grants a second");
        Assert.Equal((runs, 0, 0), (tool.Done, tool.Overlaps, tool.Late));
    }

    private static async Task<int> WaitingAsync(CrashSite site) =>
        (await site.SendAsync(HttpMethod.Get, "/api/locks"))["locks"]!.Items.Sum(held => (int)held["waiting"]!.AsNumber());

    private static async Task<int> OpenAsync(CrashSite site) => (await site.SendAsync(HttpMethod.Get, "/api/runs?status=running&limit=500"))["runs"]!.Count;
}
