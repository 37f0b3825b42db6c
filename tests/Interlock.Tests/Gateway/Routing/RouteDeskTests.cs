using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Json;
using Interlock.Tests.Registry;

namespace Interlock.Tests.Gateway.Routing;

public sealed class RouteDeskTests
{
    private const string Good = """
        version: 1
        sticky: caller
        targets:
          - { tool: crm/read, version: ^1, weight: 90 }
          - { tool: crm/lookup, weight: 10 }
        prefer: [ { when: '.arguments.region == "eu"', tools: ['crm/*'] } ]
        avoid: [ { tools: ['old-*/*'] } ]
        """;

    private static CancellationToken Token => World.Token;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_Route_IsWhatWasWrittenAndTakesThePlaceOfTheOldOne(bool json)
    {
        await using var world = await World.CreateAsync();
        var text = json ? """{"version":1,"sticky":"caller","targets":[{"tool":"crm/read","version":"^1","weight":90},{"tool":"crm/lookup","weight":10}],"prefer":[{"when":".arguments.region == \"eu\"","tools":["crm/*"]}],"avoid":[{"tools":["old-*/*"]}]}""" : Good;
        var changed = Assert.IsType<RegistryResult.Changed>(await Desk(world).PublishRouteAsync(world.Ana, "mail", text, Token));
        var body = Assert.Single(changed.Entries).As<RouteBody>();
        Assert.Equal((Stickiness.Caller, 2, 1, 1), (body.Sticky, body.Targets.Length, body.Prefer.Length, body.Avoid.Length));
        Assert.Equal(new RouteTarget("crm/read", "^1", 90), body.Targets[0]);
        Assert.Empty(Assert.IsType<RegistryResult.Changed>(await Desk(world).PublishRouteAsync(world.Ana, "mail", text, Token)).Entries);
        changed = Assert.IsType<RegistryResult.Changed>(await Desk(world).PublishRouteAsync(world.Ana, "mail", text.Replace("90", "80", StringComparison.Ordinal), Token));
        Assert.Equal([("1.0.0", Lifecycle.Deprecated), ("2.0.0", Lifecycle.Active)], changed.Entries.Select(entry => (entry.Version, entry.Lifecycle)));
        Assert.Equal(["route:mail", "route:mail", "route:mail"], (await world.RecordsAsync(AuditTypes.RegistryChanged)).Select(record => record.Target));
    }

    [Theory]
    [InlineData("Mail", "version: 1\ntargets: [ { tool: crm/read } ]", "lower-case")]
    [InlineData("r", "version: 2\ntargets: [ { tool: crm/read } ]", "/version")]
    [InlineData("r", "version: 1\ntargets: []", "/targets")]
    [InlineData("r", "version: 1\ntargets: [ { tool: read } ]", "/targets/0/tool")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read, wieght: 3 } ]", "/targets/0")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read, weight: 1001 } ]", "/targets/0/weight")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read, weight: 0 } ]", "weight is 0")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read, version: newest } ]", "no version range")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read }, { tool: crm/read } ]", "stands twice")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read } ]\nsticky: forever", "/sticky")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read } ]\navoid: [ { when: '.a ==', tools: ['crm/*'] } ]", "/avoid/0/when")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read } ]\nprefer: [ { when: 'now > 5', tools: ['crm/*'] } ]", "reads the time")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read }, { tool: crm/missing } ]", "There is no tool 'crm/missing'")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read, version: ^9 } ]", "No version of 'crm/read'")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/gone } ]", "is disabled")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/read }, { tool: crm/narrow } ]", "crm/narrow can't stand in for crm/read: arguments at")]
    [InlineData("r", "version: 1\ntargets: [ { tool: crm/shaped }, { tool: crm/other-shape } ]", "crm/other-shape can't stand in for crm/shaped: results at")]
    public async Task Publish_WhatCantBe_IsRefusedWithTheReason(string name, string text, string why)
    {
        await using var world = await World.CreateAsync();
        await world.WriteAsync(
            World.Tool("crm/narrow", schema: """{"type":"object","required":["account"],"properties":{"account":{"type":"string"}}}"""), Shaped("crm/shaped", "string"), Shaped("crm/other-shape", "number"),
            World.Tool("crm/gone") with { Lifecycle = Lifecycle.Disabled });
        var refused = Assert.IsType<RegistryResult.Refused>(await Desk(world).PublishRouteAsync(world.Ana, name, text, Token));
        Assert.Contains(why, refused.Problem.Detail, StringComparison.Ordinal);
        Assert.Empty((await world.Node.Registries.ReadAsync(World.Tenant, Token)).OfKind(RegistryKind.Route));
    }

    [Fact]
    public async Task Publish_WithFourEyes_WaitsForASecondAdministrator()
    {
        await using var world = await World.CreateAsync();
        var (ana, zoe) = (world.Ana with { Roles = ["admin"] }, world.Zoe with { Roles = ["admin"] });
        var changes = new ChangeDesk(Desk(world), new ProposalStore(world.Memory, world.Mac, Incarnation.First), world.Node.Audit, world.Directory, world.Time);
        var proposed = Assert.IsType<ChangeResult.Proposed>(await changes.RequestAsync(ana, new RegistryRequest.PublishRoute("mail", Good), Token)).Proposal;
        Assert.Empty((await world.Node.Registries.ReadAsync(World.Tenant, Token)).OfKind(RegistryKind.Route));
        Assert.IsType<ChangeResult.Answered>(await changes.DecideAsync(new InteractiveSession(zoe, world.Time.Now), proposed.Id, proposed.Digest, true, null, Token));
        Assert.Equal("mail", Assert.Single((await world.Node.Registries.ReadAsync(World.Tenant, Token)).OfKind(RegistryKind.Route)).Name);
        Assert.IsType<ChangeResult.Answered>(await changes.RequestAsync(ana, new RegistryRequest.Move(RegistryKind.Route, "mail", "1.0.0", Lifecycle.Disabled, null, null), Token));
        Assert.IsType<ChangeResult.Proposed>(await changes.RequestAsync(ana, new RegistryRequest.Move(RegistryKind.Route, "mail", "1.0.0", Lifecycle.Active, null, null), Token));
    }

    private static RegistryEntry Shaped(string name, string type) => World.Entry(RegistryKind.Tool, name, "1.0.0", new ToolBody(JsonValue.Object(("name", name)), "sha256:shaped", JsonValue.EmptyObject)
    {
        OutputSchema = JsonValue.Object(("type", "object"), ("required", JsonValue.Array("id")), ("properties", JsonValue.Object(("id", JsonValue.Object(("type", type)))))),
    });

    private static RegistryDesk Desk(World world) =>
        new(world.Node.Registries, new WorkflowCatalog(world.Blobs), world.Node.Audit, new StubDiscovery(), world.Directory, world.Node.Fences, world.Time);
}
