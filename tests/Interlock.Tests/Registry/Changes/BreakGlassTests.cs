using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Storage;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Registry.Changes;

public sealed class BreakGlassTests
{
    private const string Reason = "mail is down and nobody else is awake";

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Decide_OwnProposal_IsAppliedWhileTheGlassIsBrokenAndNotAfter()
    {
        await using var world = await World.CreateAsync();
        var (desk, glass) = Desks(world);
        var ana = Session(world, world.Ana);
        var first = await ProposedAsync(desk, world, "crm/read");
        Assert.Equal("same-person", await DecideAsync(desk, world, ana, first));
        Assert.Null(await glass.OpenAsync(ana, Reason, TimeSpan.FromHours(1), Token));
        Assert.Null(await DecideAsync(desk, world, ana, first));
        var second = await ProposedAsync(desk, world, "crm/other");
        world.Time.Now += TimeSpan.FromHours(1);
        Assert.Equal("same-person", await DecideAsync(desk, world, Session(world, world.Ana), second));
        Assert.Equal(Lifecycle.Disabled, (await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token)).Find(RegistryKind.Tool, "crm/other", "1.0.0")!.Lifecycle); // registered by the world
        var records = await world.RecordsAsync(AuditTypes.BreakGlass);
        Assert.Equal(["opened", "used"], records.OrderBy(record => record.Decision).Select(record => record.Decision));
        Assert.All(records, record => Assert.Equal((Reason, "user:ana"), (record.Reason, Assert.Single(record.Actors))));
        Assert.Equal(first.Id, records.Single(record => record.Decision == "used").Details!["proposal"]!.AsString()); // a use has its proposal
        Assert.NotNull((await desk.FindAsync(World.Tenant, first.Id, Token))!.BreakGlass); // it was proposed
    }

    [Fact]
    public async Task Row_AfterMoreThanAYear_IsGone()
    {
        await using var world = await World.CreateAsync();
        Assert.Null(await Desks(world).Glass.OpenAsync(Session(world, world.Ana), Reason, TimeSpan.FromHours(1), Token));
        var expiries = new Expiries(world.Memory);
        Assert.Equal(0, await expiries.SweepAsync(World.Tenant, world.Time.Now.AddDays(399), _ => Task.FromResult(true), 10, Token));
        Assert.Equal(1, await expiries.SweepAsync(World.Tenant, world.Time.Now.AddDays(401), _ => Task.FromResult(true), 10, Token));
        Assert.Equal(0, await world.Memory.QueryAsync("breakglass", "contoso", cancellationToken: Token).CountAsync(Token));
    }

    [Theory]
    [InlineData("no role", "role-required")]
    [InlineData("application", "interactive-session-required")]
    [InlineData("old sign-in", "interactive-session-required")]
    [InlineData("no reason", "reason-required")]
    [InlineData("too long", "break-glass-length")]
    [InlineData("twice", "break-glass-open")]
    public async Task Open_WhatMustNot_IsRefused(string attack, string rule)
    {
        await using var world = await World.CreateAsync();
        var (_, glass) = Desks(world);
        var session = Session(world, world.Ana);
        if (attack == "twice") Assert.Null(await glass.OpenAsync(session, Reason, BreakGlassDesk.Standard, Token));
        session = attack switch
        {
            "no role" => session with { Person = world.Ana with { Roles = ["operator", "approver"] } },
            "application" => session with { Person = session.Person with { Kind = PrincipalKind.Application } },
            "old sign-in" => session with { SignedInAt = world.Time.Now.AddHours(-2) },
            _ => session,
        };
        var refused = await glass.OpenAsync(session, attack == "no reason" ? "  why " : Reason, attack == "too long" ? TimeSpan.FromHours(9) : BreakGlassDesk.Standard, Token);
        Assert.Equal(rule, refused!.Rule); // refused
        Assert.Equal(attack == "twice" ? 1 : 0, (await glass.ListAsync(World.Tenant, Token)).Count);
        Assert.Equal(refused.Status is 401 or 403 ? 1 : 0, (await world.RecordsAsync(AuditTypes.BreakGlass)).Count(record => record.Rule == rule));
    }

    [Theory]
    [InlineData("another's glass")]
    [InlineData("another tenant's glass")]
    [InlineData("ended")]
    [InlineData("forged row")]
    [InlineData("restored")]
    public async Task Decide_UnderAGlassThatIsNone_IsRefused(string attack)
    {
        await using var world = await World.CreateAsync();
        var (desk, glass) = Desks(world);
        var proposal = await ProposedAsync(desk, world, "crm/read");
        var opener = attack switch
        {
            "another's glass" => Session(world, world.Zoe),
            "another tenant's glass" => Session(world, world.Ana with { Tenant = new("fabrikam") }),
            _ => Session(world, world.Ana),
        };
        Assert.Null(await glass.OpenAsync(opener, Reason, BreakGlassDesk.Standard, Token));
        switch (attack)
        {
            case "ended": Assert.Null(await glass.EndAsync(Session(world, world.Zoe), Assert.Single(await glass.ListAsync(World.Tenant, Token)).Id, Token)); break;
            case "forged row":
                world.Time.Now += BreakGlassDesk.Standard; // it is over, and somebody lets it last
                await foreach (var row in world.Memory.QueryAsync("breakglass", "contoso", cancellationToken: Token))
                    await world.Memory.ReplaceAsync("breakglass", row.Key, row.Body.With("glass", row.Body["glass"]!.With("until", "2027-01-01T00:00:00+00:00")), row.ETag, Token); // it was just written
                break;
            case "restored": desk = Desks(world, new Incarnation(world.Time.Now.AddMinutes(1))).Desk; break;
        }
        Assert.Equal(attack == "restored" ? "unknown-proposal" : "same-person", await DecideAsync(desk, world, Session(world, world.Ana), proposal));
        if (attack == "restored") Assert.Null(await Desks(world, new Incarnation(world.Time.Now.AddMinutes(1))).Glass.FindAsync(world.Ana, Token));
        Assert.Equal(Lifecycle.Disabled, (await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token)).Find(RegistryKind.Tool, "crm/read", "1.0.0")!.Lifecycle); // registered by the world
    }

    private static (ChangeDesk Desk, BreakGlassDesk Glass) Desks(World world, Incarnation? incarnation = null)
    {
        var since = incarnation ?? Incarnation.First;
        var glass = new BreakGlassDesk(new BreakGlassStore(world.Memory, world.Mac, since), world.Node.Audit, world.Time);
        var registry = new RegistryDesk(new RegistryStore(world.Memory), new WorkflowCatalog(world.Blobs), world.Node.Audit, new StubDiscovery(), world.Directory, world.Node.Fences, world.Time);
        return (new ChangeDesk(registry, new ProposalStore(world.Memory, world.Mac, since), world.Node.Audit, world.Directory, world.Time) { Glass = glass }, glass);
    }

    private static InteractiveSession Session(World world, Principal person) => new(person with { Roles = ["admin"] }, world.Time.Now);

    private static async Task<Proposal> ProposedAsync(ChangeDesk desk, World world, string tool)
    {
        await world.MoveAsync(RegistryKind.Tool, tool, "1.0.0", Lifecycle.Disabled);
        return Assert.IsType<ChangeResult.Proposed>(await desk.RequestAsync(world.Ana with { Roles = ["admin"] }, new RegistryRequest.Move(RegistryKind.Tool, tool, "1.0.0", Lifecycle.Active, null, null), Token)).Proposal;
    }

    private static async Task<string?> DecideAsync(ChangeDesk desk, World world, InteractiveSession session, Proposal proposal)
    {
        world.Time.Now += TimeSpan.FromSeconds(1);
        return (await desk.DecideAsync(session, proposal.Id, proposal.Digest, true, null, Token) as ChangeResult.Refused)?.Rule;
    }
}
