using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.EndToEnd;

/// <summary>
/// An agent's loop: a turn of its model, a call, another turn, a guarded call that people are asked about, a last turn. The process is killed around every commit of it: the loop goes on where it
/// stood, no turn is counted twice, nothing that people were asked about is done twice, and each choice is recorded once.
/// </summary>
public sealed class AgentCrashTests
{
    private const int Most = 120;

    /// <summary>What the model's script says of its three turns.</summary>
    private const long Input = 6000;
    private const long Output = 60;

    private const string Policy = """
        version: 1
        rules:
          - { id: think, principals: [ { any: true } ], agents: [planner], effect: allow }
          - { id: look, principals: [ { any: true } ], tools: ['monitoring/*'], effect: allow }
          - { id: change, principals: [ { any: true } ], tools: [remediation/apply], effect: requireApproval, approval: { approvers: [ { group: leads } ], quorum: 1 } }
        """;

    private const string Workflow = """
        document: { dsl: 1.0.3, namespace: test, name: loop, version: 1.0.0, metadata: { interlock: { mode: autonomous, onError: fail, onTimeout: fail } } }
        timeout: { after: { hours: 3 } }
        do:
          - plan:
              call: autonomous
              with:
                goal: Mend it.
                planner: planner
                pool: { tools: [monitoring/query_metrics, remediation/apply] }
                limits: { steps: 10, calls: 10 }
                onExhausted: fail
        """;

    /// <summary>Before every other commit, and after those between: each boundary is met from one side.</summary>
    [Theory]
    [InlineData("before", 1)]
    [InlineData("after", 2)]
    public async Task Killed_AroundEveryCommitOfALoop_ItGoesOnWhereItStood(string when, int first)
    {
        await using var site = await CrashSite.StartAgentsAsync(Policy, Workflow);
        var runs = new List<RunId>();
        for (var at = first; at < Most; at += 2)
        {
            var wasKilled = false;
            await site.ArmAsync(when, at);
            var run = await SurelyAsync(async () => new RunId((await site.SendAsync(
                HttpMethod.Post, "/api/runs", JsonValue.Object(("workflow", "test/loop"), ("input", JsonValue.EmptyObject), ("idempotencyKey", $"{when} {at}")).ToString()))["id"]!.AsString())); // a start has an id
            runs.Add(run);
            JsonValue? ended = null;
            while (ended is null)
            {
                if (await SurelyAsync(() => site.OpenGateAsync(run)) is { } gate && !await site.ClickAsync(CrashSite.Ana, gate, ("decision", "approve"), ("reason", "go"))) wasKilled |= await site.RestartAsync();
                var state = await SurelyAsync(() => site.SendAsync(HttpMethod.Get, $"/api/runs/{run}"));
                if (state["status"]!.AsString() is not ("running" or "compensating")) ended = state; // each state has one
                else await Task.Delay(10, TestContext.Current.CancellationToken);
            }
            Assert.True(ended["status"]!.AsString() == "completed", $"{when} {at}: {ended}");
            Assert.Equal((Input, Output), (Number(ended["output"]!["tokens"]!["input"]), Number(ended["output"]!["tokens"]!["output"])));
            wasKilled |= await site.RestartAsync();
            if (!wasKilled) break;

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
        Assert.InRange(runs.Count, 12, (Most / 2) - 2);
        var usage = (await site.SendAsync(HttpMethod.Get, "/api/usage?by=run"))["usage"]!.Items.ToDictionary(one => one["key"]!.AsString()); // each has one
        foreach (var run in runs) Assert.Equal((Input, Output), (Number(usage[run.Value]["inputTokens"]), Number(usage[run.Value]["outputTokens"])));
        Assert.InRange(site.Changes, runs.Count - 2, runs.Count); // one that never left, or of which nobody knows, is not made again

        var records = await site.AuditAsync();
        foreach (var run in runs)
        {
            var own = records.Where(record => record.Run == run).ToList();
            Assert.Equal(["monitoring/query_metrics", "remediation/apply"], own.Where(record => record.Type == AuditTypes.AgentSelection).Select(record => record.Target));
            Assert.Single(own, record => record.Type == AuditTypes.GateOpened);
            Assert.Single(own, record => record.Type == AuditTypes.RunState && record.Outcome == "completed");
        }
    }

    private static long Number(JsonValue? value) => (long)value!.AsNumber(); // it is there
}
