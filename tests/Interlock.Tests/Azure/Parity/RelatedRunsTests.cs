using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Samples.DemoServers;

namespace Interlock.Tests.Azure.Parity;

/// <summary>Runs that wait for events and for each other, on both hosts as they are put together, over HTTP.</summary>
public sealed class RelatedRunsTests
{
    private const string Listener = "do: [ { wait: { listen: { to: { one: { with: { type: paid, subject: '${ . == $workflow.input.order }' } } } } } } ]";
    private const string Parent = "do: [ { sub: { run: { workflow: { namespace: test, name: listener, version: latest, input: { order: '${ .order }' } } } } } ]";
    private const string Teller = "do: [ { tell: { emit: { event: { with: { source: 'https://shop', type: paid, subject: '${ .order }', data: { order: '${ .order }' } } } } } } ]";
    private const string Nightly = "schedule: { cron: '0 * * * *' }\ndo: [ { keep: { set: { at: '${ .dueAt }' } } } ]";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Runs_WaitForEventsAndEachOther_AndEnd(bool isFunctions)
    {
        using var place = new ParityPlace();
        await using ParityHost host = isFunctions ? await FunctionsHost.StartAsync(place, new DemoServersOptions()) : await EmbeddedHost.StartAsync(place, new DemoServersOptions());
        using var scenario = new Scenario(host);
        foreach (var (name, text) in new[] { ("listener", Listener), ("parent", Parent), ("teller", Teller), ("nightly", Nightly) }) await scenario.PublishAsync(name, text);
        var ours = await scenario.StartAsync("test/parent", JsonValue.Object(("order", "ours")));
        var other = await scenario.StartAsync("test/parent", JsonValue.Object(("order", "other")));
        var child = ChildRuns.IdOf(ParityPlace.Tenant, other, EffectIds.Of(other, new FrameId("/do/0/sub"), "run"));
        await scenario.UntilAsync("/api/runs", body => body["runs"]!.Count == 4);
        await scenario.ControlAsync(ours, "suspend");
        await scenario.StartAsync("test/teller", JsonValue.Object(("order", "ours")));
        await scenario.ControlAsync(ours, "resume");
        var ended = await scenario.UntilAsync($"/api/runs/{ours}", body => body["status"]!.AsString() == "completed");
        Assert.Equal(JsonValue.Array(JsonValue.Object(("order", "ours"))), ended["output"]);
        Assert.Equal("running", (await scenario.JsonAsync($"/api/runs/{child}"))["status"]!.AsString());
        await scenario.ControlAsync(other, "cancel");
        await scenario.UntilAsync($"/api/runs/{child}", body => body["status"]!.AsString() == "cancelled");
        await host.UpkeepAsync();
        host.Time.Advance(TimeSpan.FromHours(1));
        await host.UpkeepAsync();
        await host.UpkeepAsync();
        await scenario.UntilAsync("/api/runs", body => body["runs"]!.Items.Count(run => run["workflow"]!.AsString() == "test/nightly" && run["status"]!.AsString() == "completed") == 1);
        Assert.True((await host.VerifyAsync()).IsIntact);
    }
}
