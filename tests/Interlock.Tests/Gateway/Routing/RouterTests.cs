using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Tests.Gateway.Routing;

public sealed class RouterTests
{
    private static readonly RouteBody Both = new([new("crm/a"), new("erp/b")]);

    [Fact]
    public void Resolve_ByCapability_GoesToAToolThatHasItAndStaysThere()
    {
        var registry = Registry(Tool("crm/a", "mail"), Tool("erp/b", "mail"), Tool("crm/c", "other"));
        var taken = Runs(200).Select(run => Resolve(Call("capability:mail", run), registry).Value!).ToList();
        Assert.Equal(["crm/a", "erp/b"], taken.Select(routed => routed.Entry.Name).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(taken.Select(routed => routed.Target), Runs(200).Select(run => Resolve(Call("capability:mail", run, "/do/7/later"), registry).Value!.Target));
        Assert.All(taken, routed => Assert.Equal(("capability:mail", routed.Entry.Name), (routed.Call.Via, routed.Call.Target)));
    }

    [Fact]
    public void Resolve_CapabilityWithARouteOfItsName_GoesByThatRouteToToolsThatHaveIt()
    {
        var registry = Registry(Tool("crm/a", "mail"), Tool("erp/b", "mail"), Tool("erp/c"), Route("mail", new([new("erp/b"), new("erp/c", null, 1000)])));
        Assert.All(Runs(50), run => Assert.Equal("erp/b", Resolve(Call("capability:mail", run), registry).Value!.Entry.Name));
        Assert.Contains(Runs(50), run => Resolve(Call("route:mail", run), registry).Value!.Entry.Name == "erp/c");
    }

    [Theory]
    [InlineData(Stickiness.Run, true, true)]
    [InlineData(Stickiness.Caller, true, true)]
    [InlineData(Stickiness.None, false, true)]
    public void Resolve_Sticky_HoldsTogetherWhatItSays(Stickiness sticky, bool run, bool repeat)
    {
        var registry = Registry(Tool("crm/a"), Tool("erp/b"), Route("r", Both with { Sticky = sticky }));
        Assert.Equal(run, Runs(20).All(one => Frames(20).Select(frame => Name(one, frame)).Distinct().Count() == 1));
        Assert.Equal(sticky == Stickiness.Caller, Runs(50).Select(one => Name(one, "/do/0/a")).Distinct().Count() == 1);
        Assert.Equal(repeat, Runs(20).All(one => Name(one, "/do/0/a") == Name(one, "/do/0/a")));

        string Name(RunId one, string frame) => Resolve(Call("route:r", one, frame), registry).Value!.Entry.Name;
    }

    [Theory]
    [InlineData("route:none", "unknown-route", 404)]
    [InlineData("capability:none", "unknown-capability", 404)]
    [InlineData("route:Bad", "unknown-tool", 404)]
    [InlineData("route:off", "disabled", 403)]
    [InlineData("capability:off", "disabled", 403)]
    [InlineData("route:fails", "route-error", 403)]
    [InlineData("route:fails-too", "route-error", 403)]
    [InlineData("route:clock", "route-error", 403)]
    public void Resolve_NoWayToAnyTool_IsRefused(string target, string rule, int status)
    {
        var registry = Registry(
            Tool("crm/a", "off"), Tool("erp/b"), Route("off", Both, Lifecycle.Disabled),
            Route("fails", Both with { Avoid = [new("error(.arguments.service)", ["*/*"])] }), Route("fails-too", Both with { Prefer = [new(".arguments.service", ["*/*"])] }), Route("clock", Both with { Prefer = [new(".now < \"x\" | not | not | if . then .now else . end", ["*/*"])] }));
        var refused = Resolve(Call(target), registry).Refusal!;
        Assert.Equal((ResolveStage.Name, rule, status), (refused.Stage, refused.Rule, refused.Status));
        Assert.DoesNotContain("mail", refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_EveryTargetLeftOut_NamesEachAndWhy()
    {
        var registry = Registry(
            Tool("crm/quarantined", lifecycle: Lifecycle.Quarantined), Tool("crm/disabled", lifecycle: Lifecycle.Disabled), Tool("crm/avoided"), Tool("crm/weightless"), Tool("gone/x"), Tool("erp/away"), Tool("crm/old"),
            Route("r", new([new("crm/quarantined"), new("crm/disabled"), new("crm/avoided"), new("crm/weightless", null, 0), new("gone/x"), new("erp/away"), new("crm/missing"), new("crm/old", "^9")])
            {
                Avoid = [new(".arguments.service == \"mail\"", ["*/avoid*"])],
            }));
        var refused = Resolve(Call("route:r"), registry, server => server.Name != "erp").Refusal!;
        Assert.Equal(("no-route", 503), (refused.Rule, refused.Status));
        foreach (var why in (string[])["crm/quarantined: 'crm/quarantined' 1.0.0 is quarantined", "crm/disabled: 'crm/disabled' 1.0.0 is disabled", "crm/avoided: avoided by the route's rule avoid/0", "crm/weightless: its weight is 0",
            "gone/x: its server is not active", "erp/away: no address of its server takes calls now", "crm/missing: There is no tool", "crm/old ^9: No version"])
            Assert.Contains(why, refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_Preferred_TakesAllUntilItIsAway()
    {
        var registry = Registry(Tool("crm/a"), Tool("erp/b"), Route("r", Both with { Prefer = [new(".starter.id == \"nobody\"", ["crm/*"]), new(".workflow == \"support/fix\"", ["erp/*"])] }));
        Assert.All(Runs(50), run => Assert.Equal("erp/b", Resolve(Call("route:r", run), registry).Value!.Entry.Name));
        Assert.All(Runs(50), run => Assert.Equal("crm/a", Resolve(Call("route:r", run), registry, server => server.Name != "erp").Value!.Entry.Name));
    }

    [Fact]
    public void Resolve_TwoVersionsOfATool_ShareByWeight()
    {
        var registry = Registry(Tool("crm/a", version: "1.0.0"), Tool("crm/a", version: "2.0.0"), Route("r", new([new("crm/a", "^1", 900), new("crm/a", "^2", 100)])));
        var taken = Runs(1000).Select(run => Resolve(Call("route:r", run), registry).Value!).ToList();
        Assert.InRange(taken.Count(routed => routed.Entry.Version == "2.0.0"), 60, 140);
        Assert.All(taken, routed => Assert.Equal(routed.Target, Resolve(routed.Call, registry).Value!.Target));
    }

    [Fact]
    public void Resolve_LedBefore_KeepsItsToolOrGoesNowhere()
    {
        var registry = Registry(Tool("crm/a"), Tool("erp/b"), Route("r", Both));
        var led = Resolve(Call("route:r"), registry).Value!.Call;
        var other = led.Target == "crm/a" ? "erp/b" : "crm/a";
        var heavier = Registry(Tool("crm/a"), Tool("erp/b"), Route("r", new([new(led.Target, null, 1), new(other, null, 1000)])));
        Assert.Equal(led.Target, Resolve(led, heavier, _ => false).Value!.Entry.Name);
        Assert.Equal("no-route", Resolve(led, Registry(Tool("crm/a"), Tool("erp/b"), Route("r", new([new(other)])))).Refusal!.Rule);
        Assert.Equal("disabled", Resolve(led, Registry(Tool("crm/a"), Tool("erp/b"), Route("r", Both, Lifecycle.Disabled))).Refusal!.Rule);
    }

    [Fact]
    public void Resolve_VersionOfARoute_IsRefused() =>
        Assert.Equal("version", Resolve(Call("route:r") with { Version = "^1" }, Registry(Tool("crm/a"), Tool("erp/b"), Route("r", Both))).Refusal!.Rule);

    private static StageResult<RoutedCall> Resolve(GatewayCall call, RegistrySnapshot registry, Func<RegistryEntry, bool>? takesCalls = null) => ResolveStage.Run(call, registry, takesCalls);

    private static IEnumerable<RunId> Runs(int count) => Enumerable.Range(0, count).Select(i => new RunId(i.ToString("x32", System.Globalization.CultureInfo.InvariantCulture)));

    private static IEnumerable<string> Frames(int count) => Enumerable.Range(0, count).Select(i => $"/do/{i}/a");

    private static GatewayCall Call(string target, RunId? run = null, string frame = "/do/0/a")
    {
        var call = new GatewayCall(new EffectId("e"), new ActorChain(new World().Ana), TargetKind.Tool, target, null, World.Arguments(), World.Start);
        return call with { Site = new CallSite(run ?? World.Run, World.Workflow, new TaskPath(frame), new FrameId(frame)) };
    }

    private static RegistrySnapshot Registry(params RegistryEntry[] entries) =>
        new(World.Tenant, 1, [World.Server(), World.Entry(RegistryKind.Server, "erp", "1.0.0", new ServerBody(World.Address, "reg-erp")), .. entries]);

    private static RegistryEntry Route(string name, RouteBody body, Lifecycle lifecycle = Lifecycle.Active) => World.Entry(RegistryKind.Route, name, "1.0.0", body, lifecycle);

    private static RegistryEntry Tool(string name, string? capability = null, Lifecycle lifecycle = Lifecycle.Active, string version = "1.0.0") =>
        World.Entry(RegistryKind.Tool, name, version, new ToolBody(JsonValue.Object(("name", name)), $"sha256:{name}", JsonValue.EmptyObject) { Settings = new ToolSettings { Capabilities = capability is null ? [] : [capability] } }, lifecycle);
}
