using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Intake;

/// <summary>Who may publish which events: what a publisher makes up starts nothing and leaves nothing.</summary>
public sealed class PublisherTests
{
    private const string Rules = """
        version: 1
        rules: []
        events:
          - { id: desk, principals: [ { app: zendesk } ], types: ['com.zendesk.ticket.*'], sources: ['/zendesk/*'] }
          - { id: ops, principals: [ { group: sre } ], types: ['*'], sources: ['/ops'] }
        """;

    private static CancellationToken Token => World.Token;

    [Theory]
    [InlineData("zendesk", "com.zendesk.ticket.escalated", "/zendesk/eu", true)]
    [InlineData("zendesk", "com.zendesk.ticket.escalated", "/elsewhere", false)]
    [InlineData("zendesk", "com.zendesk.user.made", "/zendesk/eu", false)]
    [InlineData("zendesk", "com.zendesk.ticket.x", "/zendesk/", true)]
    [InlineData("zendesk", "COM.zendesk.ticket.x", "/zendesk/eu", false)]
    [InlineData("zendesk", "x", "/ops", false)]
    [InlineData("other", "com.zendesk.ticket.escalated", "/zendesk/eu", false)]
    [InlineData("operator", "anything", "/ops", true)]
    [InlineData("operator", "anything", "/ops/more", false)]
    public async Task Receive_ByRules_IsTakenOrRefusedWithoutATrace(string publisher, string type, string source, bool taken)
    {
        await using var world = await World.CreateAsync(Rules);
        var runs = new StubRunHost();
        var intake = new RunIntake(world.Node.Registries, new WorkflowCatalog(world.Blobs), runs, world.Memory, world.Node.Audit, world.Time);
        var who = publisher == "operator" ? world.Sam : new Principal(World.Tenant, publisher, PrincipalKind.Application, publisher, [], ["event-source"]);
        for (var i = 0; i < 20; i++)
        {
            var result = await intake.ReceiveAsync(who, Event($"{i}", type, source), Token);
            if (taken) Assert.IsType<IntakeResult.Started>(result);
            else Assert.Equal(("publisher-not-authorized", 403), Assert.IsType<IntakeResult.Refused>(result) is { IsRecorded: true, Problem: var problem } ? (problem.Rule, problem.Status) : default);
        }
        var records = await world.RecordsAsync(AuditTypes.CallRefused);
        if (taken) Assert.Empty(records);
        else Assert.Equal(("intake", "publisher-not-authorized", $"event:{type}", who.Subject), Assert.Single(records) is var record ? (record.Stage, record.Rule, record.Target, Assert.Single(record.Actors)) : default);
        Assert.Equal(taken, await AnyAsync(world, intake, who, type, source));
    }

    [Fact]
    public async Task Receive_WithoutRules_TakesAnyEventOfWhoeverMayDeliver()
    {
        await using var world = await World.CreateAsync("version: 1\nrules: []\n");
        var intake = new RunIntake(world.Node.Registries, new WorkflowCatalog(world.Blobs), new StubRunHost(), world.Memory, world.Node.Audit, world.Time);
        Assert.IsType<IntakeResult.Started>(await intake.ReceiveAsync(world.Ana, Event("1", "t", "s"), Token));
    }

    [Theory]
    [InlineData("events: {}", "/events")]
    [InlineData("events: [ { principals: [ { any: true } ], types: ['*'], sources: ['*'] } ]", "/events/0/id")]
    [InlineData("events: [ { id: a, types: ['*'], sources: ['*'] } ]", "/events/0/principals")]
    [InlineData("events: [ { id: a, principals: [ { any: true } ], sources: ['*'] } ]", "/events/0/types")]
    [InlineData("events: [ { id: a, principals: [ { any: true } ], types: ['*'] } ]", "/events/0/sources")]
    [InlineData("events: [ { id: a, principals: [ { any: true } ], types: [''], sources: ['*'] } ]", "/events/0/types/0")]
    [InlineData("events: [ { id: a, principals: [ { any: true } ], type: ['*'], types: ['*'], sources: ['*'] } ]", "/events/0/type")]
    [InlineData("events: [ { id: a, principals: [ { any: true } ], types: ['*'], sources: ['*'] }, { id: a, principals: [ { any: true } ], types: ['*'], sources: ['*'] } ]", "/events/1/id")]
    public void Rules_ThatAreNone_AreRefusedWithTheirPlace(string events, string pointer) =>
        Assert.Contains(Assert.IsType<PolicyParseResult.Invalid>(PolicySet.Parse($"version: 1\nrules: []\n{events}\n")).Errors, error => error.Pointer == pointer);

    /// <summary>Whether the store remembers an event: only of what was taken.</summary>
    private static async Task<bool> AnyAsync(World world, RunIntake intake, Principal who, string type, string source) =>
        await intake.ReceiveAsync(who, Event("0", type, source, "changed"), Token) is IntakeResult.Refused { Problem.Rule: "event-conflict" };

    private static CloudEvent Event(string id, string type, string source, string data = "same") =>
        CloudEvent.Read(JsonValue.Object(("specversion", "1.0"), ("id", id), ("source", source), ("type", type), ("data", data))).Event!; // it is one
}
