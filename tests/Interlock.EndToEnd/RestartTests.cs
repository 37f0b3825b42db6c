using Interlock.Json;
using Interlock.Samples.DemoServers;

namespace Interlock.EndToEnd;

public sealed class RestartTests
{
    [Fact]
    public async Task Killed_WhileTheGateWaits_GoesOnAfterwardsAndRepeatsNothing()
    {
        await using var installation = await Installation.StartAsync();
        var run = await installation.StartRunAsync();
        var gate = await installation.WaitForGateAsync(run);

        await installation.KillAsync();
        await installation.ServeAsync();
        Assert.Equal(gate, await installation.WaitForGateAsync(run));
        await installation.DecideAsync(Installation.Ana, gate, approve: true);
        var ended = await installation.WaitAsync(run, IsClosed);

        Assert.Equal("completed", ended["status"]?.AsString());
        foreach (var tool in (string[])["apply", "verify", "log", "post_message"]) Assert.Equal(1, installation.CallsTo(tool));
    }

    [Fact]
    public async Task Killed_WhileAToolCallIsUnderWay_ReportsItInDoubtAndDoesNotRepeatIt()
    {
        await using var installation = await Installation.StartAsync(new DemoServersOptions { ApplyDelay = TimeSpan.FromSeconds(5) });
        var run = await installation.StartRunAsync();
        await installation.DecideAsync(Installation.Ana, await installation.WaitForGateAsync(run), approve: true);
        await UntilAsync(() => installation.CallsTo("apply") == 1);

        await installation.KillAsync();
        await installation.ServeAsync();
        var ended = await installation.WaitAsync(run, IsClosed);

        Assert.Equal("faulted", ended["status"]?.AsString());
        Assert.Equal("urn:interlock:errors:in-doubt", ended["error"]?["type"]?.AsString());
        Assert.Equal(1, installation.CallsTo("apply"));
        Assert.Equal(0, installation.CallsTo("verify"));
    }

    [Fact]
    public async Task Killed_WhileARepeatableCallIsUnderWay_RepeatsItUnderTheSameKey()
    {
        await using var installation = await Installation.StartAsync(
            new DemoServersOptions { ApplyDelay = TimeSpan.FromSeconds(3) },
            text => text.Replace("tool: remediation/apply\n", "tool: remediation/apply\n        onInDoubt: retry\n", StringComparison.Ordinal));
        var run = await installation.StartRunAsync();
        await installation.DecideAsync(Installation.Ana, await installation.WaitForGateAsync(run), approve: true);
        await UntilAsync(() => installation.CallsTo("apply") == 1);

        await installation.KillAsync();
        await installation.ServeAsync();
        var ended = await installation.WaitAsync(run, IsClosed);

        Assert.True(ended["status"]?.AsString() == "completed", ended.ToString());
        var applies = installation.Servers.State.Calls.Where(call => call.Tool.EndsWith("apply", StringComparison.Ordinal)).ToList();
        Assert.Single(applies.Select(call => call.IdempotencyKey).Distinct());
        Assert.Single(installation.Servers.State.Changes);
    }

    [Fact]
    public async Task Killed_WhileACallIsUnderWayThatEscalatesDoubt_WaitsForAPersonsWordAndGoesOn()
    {
        await using var installation = await Installation.StartAsync(
            new DemoServersOptions { ApplyDelay = TimeSpan.FromSeconds(5) },
            text => text.Replace("tool: remediation/apply\n", "tool: remediation/apply\n        onInDoubt: escalate\n", StringComparison.Ordinal));
        var run = await installation.StartRunAsync();
        await installation.DecideAsync(Installation.Ana, await installation.WaitForGateAsync(run), approve: true);
        await UntilAsync(() => installation.CallsTo("apply") == 1);
        await installation.KillAsync();
        await installation.ServeAsync();

        var waiting = await installation.WaitAsync(run, state => state["inDoubt"]?.Count == 1);
        var effect = waiting["inDoubt"]![0]!.AsString();
        var change = Assert.Single(installation.Servers.State.Changes);
        var (status, _) = await installation.SendAsync(HttpMethod.Post, $"/api/runs/{run}/effects/{effect}", JsonValue.Object(
            ("happened", true), ("reason", "seen in the remediation log"),
            ("output", JsonValue.Object(("changeId", change.Id), ("service", change.Service), ("previous", change.Previous), ("current", change.Current)))));
        var ended = await installation.WaitAsync(run, IsClosed);

        Assert.Equal(System.Net.HttpStatusCode.Accepted, status);
        Assert.True(ended["status"]?.AsString() == "completed", ended.ToString());
        Assert.Equal(1, installation.CallsTo("apply"));
    }

    [Fact]
    public async Task Killed_AtRandomMoments_LosesNoRunAndDoublesNoEffect()
    {
        await using var installation = await Installation.StartAsync();
        var run = await installation.StartRunAsync();
        var gate = await installation.WaitForGateAsync(run);
        await installation.KillAsync();
        await installation.ServeAsync();
        await installation.DecideAsync(Installation.Ana, gate, approve: true);
        await installation.KillAsync();
        await installation.ServeAsync();

        var ended = await installation.WaitAsync(run, IsClosed);

        // A call that was under way when the process died is in doubt and not repeated; anything else went on.
        Assert.Contains(ended["status"]?.AsString(), (string[])["completed", "faulted"]);
        foreach (var tool in (string[])["apply", "verify", "log", "post_message"]) Assert.True(installation.CallsTo(tool) <= 1, tool);
        if (ended["status"]?.AsString() == "faulted") Assert.Equal("urn:interlock:errors:in-doubt", ended["error"]?["type"]?.AsString());
    }

    private static bool IsClosed(JsonValue run) => run["status"]?.StringOrNull() is "completed" or "faulted" or "cancelled";

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition()) await Task.Delay(20, patience.Token);
    }
}
