using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Local.Hosting;

namespace Interlock.EndToEnd;

/// <summary>
/// A run starts another one that listens, and a third emits what it waits for; the process is killed around every commit of it. Whoever was not answered asks again.
/// Each run is one, the event is heard, and the audit tells it once.
/// </summary>
public sealed class EventCrashTests
{
    private const int Most = 80;

    [Theory]
    [InlineData("before")]
    [InlineData("after")]
    public async Task Killed_AroundEveryCommitBetweenRuns_NothingIsLost(string when)
    {
        await using var site = await CrashSite.StartAsync(
            Workflow("listener", "wait: { listen: { to: { one: { with: { type: paid, subject: '${ . == $workflow.input.order }' } } } } }"),
            Workflow("parent", "sub: { run: { workflow: { namespace: test, name: listener, version: latest, input: { order: '${ .order }' } } } }"),
            Workflow("teller", "tell: { emit: { event: { with: { source: 'https://shop', type: paid, subject: '${ .order }', data: { order: '${ .order }' } } } } }"));
        var struck = 0;
        for (var at = 1; at < Most; at++)
        {
            var order = $"{when} {at}";
            var wasKilled = false;
            await site.ArmAsync(when, at);
            var parent = await SurelyAsync(() => StartAsync("parent", order));
            var child = ChildRuns.IdOf(new TenantId(LocalOptions.Tenant), parent, EffectIds.Of(parent, new FrameId("/do/0/sub"), "run"));
            while (!await SurelyAsync(() => IsThereAsync(child))) await Task.Delay(5, TestContext.Current.CancellationToken);
            await SurelyAsync(() => StartAsync("teller", order));
            var ended = await site.EndAsync(parent);
            if (ended is null)
            {
                wasKilled |= await site.RestartAsync();
                ended = await site.EndAsync(parent);
            }
            Assert.True(ended!["status"]!.AsString() == "completed" && ended["output"]![0]!["order"]!.AsString() == order, $"{order}: {ended}");
            wasKilled |= await site.RestartAsync();
            if (!wasKilled) break;
            struck++;

            async Task<T> SurelyAsync<T>(Func<Task<T>> ask)
            {
                while (true)
                {
                    try
                    {
                        return await ask();
                    }
                    catch (HttpRequestException)
                    {
                        wasKilled |= await site.RestartAsync();
                    }
                }
            }
        }
        Assert.InRange(struck, 12, Most - 2);
        var records = await site.AuditAsync();
        Assert.Equal(struck + 1, records.Count(record => record.Type == AuditTypes.EventEmitted));
        Assert.Equal(3 * (struck + 1), records.Count(record => record.Type == AuditTypes.RunStarted));
        Assert.Equal(3 * (struck + 1), records.Count(record => record is { Type: AuditTypes.RunState, Outcome: "completed" }));

        async Task<RunId> StartAsync(string name, string order) => new((await site.SendAsync(
            HttpMethod.Post, "/api/runs", JsonValue.Object(("workflow", "test/" + name), ("input", JsonValue.Object(("order", order))), ("idempotencyKey", $"{name} {order}")).ToString()))["id"]!.AsString());

        async Task<bool> IsThereAsync(RunId run) => (await site.SendAsync(HttpMethod.Get, "/api/runs?limit=10"))["runs"]!.Items.Any(one => one["id"]!.AsString() == run.Value);
    }

    private static string Workflow(string name, string task) => $$"""
        document: { dsl: 1.0.3, namespace: test, name: {{name}}, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        timeout: { after: { hours: 3 } }
        do: [ { {{task}} } ]
        """;
}
