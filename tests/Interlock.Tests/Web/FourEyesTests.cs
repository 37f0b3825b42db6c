using System.Net;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Tests.Gateway;
using Interlock.Tests.Registry;

namespace Interlock.Tests.Web;

public sealed class FourEyesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Request_ThatWidens_ChangesNothingUntilAnotherApproves()
    {
        await using var world = await World.CreateAsync();
        var (desk, ana, zoe) = Desk(world);
        var proposal = await ProposedAsync(desk, ana, new RegistryRequest.PublishPolicy("version: 1\nrules:\n  - { id: all, tools: ['*/*'], effect: allow }\n"));
        Assert.Equal("policy-default-deny", await CallAsync(world, "before"));
        var answered = Assert.IsType<ChangeResult.Answered>(await desk.DecideAsync(new InteractiveSession(zoe, world.Time.Now), proposal.Id, proposal.Digest, true, "read it", Token));
        Assert.IsType<RegistryResult.Changed>(answered.Result);
        world.Upstream.Then(StubUpstream.Done());
        Assert.Null(await CallAsync(world, "after"));
        Assert.Equal(["proposed", "approved"], (await world.RecordsAsync(AuditTypes.RegistryProposal)).OrderBy(record => record.Time).Select(record => record.Decision!).OrderDescending());
        Assert.Equal("decided", Assert.IsType<ChangeResult.Refused>(await desk.DecideAsync(new InteractiveSession(zoe, world.Time.Now), proposal.Id, proposal.Digest, true, null, Token)).Rule);
    }

    [Theory]
    [InlineData(Lifecycle.Deprecated)]
    [InlineData(Lifecycle.Disabled)]
    [InlineData(Lifecycle.Quarantined)]
    public async Task Request_ThatNarrows_IsDoneAtOnceAndComesBackBySecondWordOnly(Lifecycle lifecycle)
    {
        await using var world = await World.CreateAsync();
        var (desk, ana, _) = Desk(world);
        Assert.IsType<ChangeResult.Answered>(await desk.RequestAsync(ana, new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", lifecycle, null, null), Token));
        Assert.IsType<ChangeResult.Proposed>(await desk.RequestAsync(ana, new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Active, null, null), Token));
        Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(world.Call(), Token));
    }

    [Theory]
    [InlineData("same", "same-person")]
    [InlineData("alias", "same-person")]
    [InlineData("role", "role-required")]
    [InlineData("old sign-in", "interactive-session-required")]
    [InlineData("application", "interactive-session-required")]
    [InlineData("other digest", "shown-digest")]
    [InlineData("expired", "proposal-expired")]
    [InlineData("changed meanwhile", "fence-changed")]
    [InlineData("other tenant", "unknown-proposal")]
    [InlineData("forged row", "unknown-proposal")]
    [InlineData("restored", "unknown-proposal")]
    public async Task Decide_WhatMustNot_IsRefusedAndChangesNothing(string attack, string rule)
    {
        await using var world = await World.CreateAsync();
        var (desk, ana, zoe) = Desk(world);
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        var proposal = await ProposedAsync(desk, ana, new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Active, null, null));
        var session = new InteractiveSession(zoe, world.Time.Now);
        switch (attack)
        {
            case "same": session = session with { Person = ana }; break;
            case "alias": session = session with { Person = zoe with { Person = "ana" } }; break;
            case "role": session = session with { Person = zoe with { Roles = ["operator"] } }; break;
            case "old sign-in": session = session with { SignedInAt = world.Time.Now.AddHours(-2) }; break;
            case "application": session = session with { Person = zoe with { Kind = PrincipalKind.Application } }; break;
            case "other digest": proposal = proposal with { Digest = "sha256:other" }; break;
            case "expired":
                world.Time.Now = proposal.ExpiresAt;
                session = session with { SignedInAt = world.Time.Now };
                break;
            case "changed meanwhile": await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Quarantined); break;
            case "other tenant": session = session with { Person = zoe with { Tenant = new("fabrikam") } }; break;
            case "forged row":
                var row = await world.Memory.GetAsync("proposals", new("contoso", proposal.Id), Token);
                await world.Memory.ReplaceAsync("proposals", row!.Key, row.Body.With("proposal", row.Body["proposal"]!.With("reason", "approved by mail")), row.ETag, Token); // it was just proposed
                break;
            case "restored": desk = Desk(world, new Incarnation(world.Time.Now.AddMinutes(1))).Desk; break;
        }
        Assert.Equal(rule, Assert.IsType<ChangeResult.Refused>(await desk.DecideAsync(session, proposal.Id, proposal.Digest, true, null, Token)).Rule);
        Assert.Null((await world.Node.Registries.ReadAsync(World.Tenant, Token)).Newest(RegistryKind.Tool, "crm/read"));
        Assert.Equal(rule == "unknown-proposal" ? 0 : 1, (await world.RecordsAsync(AuditTypes.RegistryProposal)).Count(record => record.Rule == rule));
    }

    [Fact]
    public async Task Decide_AtOnce_OneWins()
    {
        await using var world = await World.CreateAsync();
        var (desk, ana, zoe) = Desk(world);
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        var proposal = await ProposedAsync(desk, ana, new RegistryRequest.Move(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Active, null, null));
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => desk.DecideAsync(new InteractiveSession(zoe, world.Time.Now), proposal.Id, proposal.Digest, i % 2 == 0, null, Token))));
        Assert.Single(results, result => result is ChangeResult.Answered { Result: RegistryResult.Changed } or ChangeResult.Rejected);
    }

    private static (ChangeDesk Desk, Principal Ana, Principal Zoe) Desk(World world, Incarnation? incarnation = null)
    {
        var registry = new RegistryDesk(world.Node.Registries, new WorkflowCatalog(world.Blobs), world.Node.Audit, new StubDiscovery(), world.Directory, world.Node.Fences, world.Time);
        return (new ChangeDesk(registry, new ProposalStore(world.Memory, world.Mac, incarnation ?? Incarnation.First), world.Node.Audit, world.Directory, world.Time), world.Ana with { Roles = ["admin"] }, world.Zoe with { Roles = ["admin"] });
    }

    private static async Task<Proposal> ProposedAsync(ChangeDesk desk, Principal by, RegistryRequest request) => Assert.IsType<ChangeResult.Proposed>(await desk.RequestAsync(by, request, Token)).Proposal;

    private static async Task<string?> CallAsync(World world, string purpose) => (await world.Node.Gateway.CallAsync(world.Call("crm/other", purpose: purpose), Token) as GatewayResult.Refused)?.Refusal.Rule;
}

/// <summary>The same through the API and the pages of a host that asks for a second person.</summary>
public sealed class FourEyesPageTests(FourEyesFixture web) : IClassFixture<FourEyesFixture>
{
    [Fact]
    public async Task Policy_IsProposedThroughTheApiAndAppliedOnThePageByAnother()
    {
        const string Policy = "version: 1\nrules:\n  - { id: mine, tools: ['stub/*'], effect: allow }\n";
        var (status, body, _) = await web.ApiAsync("PUT", "/api/policy", web.Token("dana"), Policy, "application/yaml");
        Assert.Equal(HttpStatusCode.Accepted, status);
        var link = body["proposal"]!["link"]!.AsString();
        using var dana = await Browser.SignedInAsync(web, "dana");
        using var alex = await Browser.SignedInAsync(web, "alex");
        using var nora = await Browser.SignedInAsync(web, "nora");
        Assert.Equal(HttpStatusCode.NotFound, (await nora.GetAsync(link)).Status);
        Assert.Contains("href=\"/approvals/changes\"", (await alex.GetAsync("/approvals")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("/approvals/changes", (await nora.GetAsync("/approvals")).Body, StringComparison.Ordinal);
        Assert.Contains("id: mine", (await alex.GetAsync(link)).Body, StringComparison.Ordinal);
        var own = (await dana.GetAsync(link)).Body;
        Assert.Contains("Whoever proposes a change does not approve it", own, StringComparison.Ordinal);
        Assert.DoesNotContain("Approve and apply", own, StringComparison.Ordinal);
        Assert.DoesNotContain("id: mine", await PolicyAsync(), StringComparison.Ordinal);
        var page = await alex.GetAsync(link);
        Assert.Equal(HttpStatusCode.SeeOther, (await SubmitAsync(alex, link, page.Body)).Status);
        Assert.Contains("id: mine", await PolicyAsync(), StringComparison.Ordinal);
        Assert.Equal("interactive-session-required", (await web.ApiAsync("POST", link, web.Token("alex"), "{}")).Body["rule"]?.AsString());
    }

    [Fact]
    public async Task Quotas_AreProposedThroughTheApiAndAppliedOnThePageByAnother()
    {
        const string Quotas = "version: 1\nrules: [ { id: nobody, who: { user: kim }, calls: { day: 1 } } ]\n";
        var (status, body, _) = await web.ApiAsync("PUT", "/api/quotas", web.Token("dana"), Quotas, "application/yaml");
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("GET", "/api/quotas", web.Token("dana"))).Status);
        var link = body["proposal"]!["link"]!.AsString();
        using var dana = await Browser.SignedInAsync(web, "dana");
        using var alex = await Browser.SignedInAsync(web, "alex");
        Assert.DoesNotContain("Approve and apply", (await dana.GetAsync(link)).Body, StringComparison.Ordinal);
        var page = (await alex.GetAsync(link)).Body;
        Assert.Contains("Publish the quotas", page, StringComparison.Ordinal);
        Assert.Contains("id: nobody", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, (await SubmitAsync(alex, link, page)).Status);
        Assert.Equal(Quotas, (await web.ApiAsync("GET", "/api/quotas", web.Token("dana"))).Body["text"]!.AsString());
    }

    private static Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> SubmitAsync(Browser browser, string link, string html) =>
        browser.PostAsync(link, new Dictionary<string, string>(Browser.Form(html, link)) { ["act"] = "approve", ["reason"] = "read it" });

    private async Task<string> PolicyAsync() => (await web.ApiAsync("GET", "/api/policy", web.Token("dana"))).Body["text"]!.AsString();
}
