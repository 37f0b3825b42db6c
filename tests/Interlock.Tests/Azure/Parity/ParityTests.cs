using Interlock.Core;
using Interlock.Samples.DemoServers;

namespace Interlock.Tests.Azure.Parity;

/// <summary>
/// The main job on both hosts, one after the other, with the same users, keys and clock: what can be seen afterwards is the same to the letter.
/// Events, states, the whole audit with its hashes, what the servers were asked, and the pages.
/// </summary>
public sealed class ParityTests
{
    [Fact]
    public Task Job_Approved_IsTheSame() => CompareAsync("completed", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.DecideAsync("ana", gate, approve: true);
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_StartedThroughEventGrid_IsTheSameAsThroughTheWebhook() => CompareAsync("completed", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertThroughEventGridAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.DecideAsync("ana", gate, approve: true);
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_StartedBothWays_IsOneAndTheSame() => CompareAsync("cancelled", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertBothWaysAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.ControlAsync(run, "cancel");
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_ScheduleIsLostAtTheGate_IsTheSame() => CompareAsync("completed", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.Host.LoseScheduleAsync();
        await scenario.DecideAsync("ana", gate, approve: true);
        await scenario.Host.UpkeepAsync();
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_Rejected_IsTheSame() => CompareAsync("faulted", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.DecideAsync("ana", gate, approve: false);
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_Edited_IsTheSame() => CompareAsync("completed", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.EditAsync("ana", gate, "action", "restart");
        await scenario.EndAsync(run);
        var calls = scenario.Host.Servers.State.Calls;
        Assert.Equal("restart", Assert.Single(calls, call => call.Tool == "apply").Arguments["action"]?.AsString());
        Assert.Contains("(restart)", Assert.Single(calls, call => call.Tool == "post_message").Arguments["text"]!.AsString(), StringComparison.Ordinal); // what depends on it follows
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_VerifyFails_IsCompensatedTheSame() => CompareAsync("faulted", new DemoServersOptions { FailVerify = true }, async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.DecideAsync("ana", gate, approve: true);
        await scenario.EndAsync(run);
        Assert.Equal("release 412, 3 instances", scenario.Host.Servers.State.Service("checkout"));
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_CancelledAtTheGate_IsTheSame() => CompareAsync("cancelled", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.ControlAsync(run, "cancel");
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_SuspendedAndResumed_IsTheSame() => CompareAsync("completed", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.ControlAsync(run, "suspend");
        await scenario.ObserveAsync(run, gate);
        await scenario.ControlAsync(run, "resume");
        await scenario.DecideAsync("ana", gate, approve: true);
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_ApprovedWhileSuspended_IsTheSame() => CompareAsync("completed", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var gate = await scenario.GateAsync(run);
        await scenario.ControlAsync(run, "suspend");
        await scenario.DecideAsync("ana", gate, approve: true);
        await scenario.ControlAsync(run, "resume");
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, gate);
        return run;
    });

    [Fact]
    public Task Job_GateExpiresWhileSuspended_IsTheSame() => CompareAsync("completed", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var first = await scenario.GateAsync(run);
        await scenario.ControlAsync(run, "suspend");
        await scenario.PassAsync(TimeSpan.FromHours(4));
        await scenario.EventsAsync(run, 4);
        await scenario.ControlAsync(run, "resume");
        var second = await scenario.GateAsync(run, 2);
        await scenario.DecideAsync("dirk", second, approve: true);
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, first, second);
        return run;
    });

    [Fact]
    public Task Job_NobodyDecides_EscalatesAndFailsTheSame() => CompareAsync("faulted", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var first = await scenario.GateAsync(run);
        await scenario.PassAsync(TimeSpan.FromHours(4));
        var second = await scenario.GateAsync(run, 2);
        await scenario.PassAsync(TimeSpan.FromHours(8));
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, first, second);
        return run;
    });

    [Fact]
    public Task Job_EscalatedAndApproved_IsTheSame() => CompareAsync("completed", async scenario =>
    {
        await scenario.RegisterAsync();
        var run = await scenario.AlertAsync();
        var first = await scenario.GateAsync(run);
        await scenario.PassAsync(TimeSpan.FromHours(4));
        var second = await scenario.GateAsync(run, 2);
        await scenario.DecideAsync("dirk", second, approve: true);
        await scenario.EndAsync(run);
        await scenario.ObserveAsync(run, first, second);
        return run;
    });

    private static Task CompareAsync(string status, Func<Scenario, Task<RunId>> play) => CompareAsync(status, new DemoServersOptions(), play);

    private static async Task CompareAsync(string status, DemoServersOptions servers, Func<Scenario, Task<RunId>> play)
    {
        using var place = new ParityPlace();
        var (embedded, functions) = Sightings.Numbered(
            await PlayAsync(await EmbeddedHost.StartAsync(place, servers), status, play), await PlayAsync(await FunctionsHost.StartAsync(place, servers), status, play));

        foreach (var (expected, actual) in embedded.Zip(functions)) Assert.Equal($"{expected.Name}:\n{expected.Text}", $"{actual.Name}:\n{actual.Text}");
        Assert.Equal(embedded.Count, functions.Count);
    }

    private static async Task<IReadOnlyList<(string Name, string Text)>> PlayAsync(ParityHost host, string status, Func<Scenario, Task<RunId>> play)
    {
        await using (host)
        {
            using var scenario = new Scenario(host);
            var run = await play(scenario);
            Assert.Equal(status, (await scenario.JsonAsync($"/api/runs/{run}"))["status"]!.AsString());
            return scenario.Seen.Of(host.Address);
        }
    }
}
