using System.Net;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Tests.Gateway;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Web;

public sealed class CallerRefusalsTests(WebFixture web) : IClassFixture<WebFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Api_RefusedByRole_IsRecordedOnceUnderWhoAsked()
    {
        var before = (await RecordsAsync("kim")).Count;
        var (status, body, _) = await web.ApiAsync("GET", "/api/usage", web.Token("kim"));
        Assert.Equal((HttpStatusCode.Forbidden, "role-required"), (status, body["rule"]?.AsString()));
        var record = Assert.Single((await RecordsAsync("kim")).Skip(before));
        Assert.Equal((AuditTypes.RequestRefused, "authorize", "role-required", "getUsage", "user:kim"), (record.Type, record.Stage, record.Rule, record.Target, Assert.Single(record.Actors)));
    }

    [Fact]
    public async Task Api_AnotherTenantsIdAndNobodys_AreTheSameRecord_AndNoneWithTheOther()
    {
        var (run, _) = await web.WaitingAsync("probed");
        var rita = web.Token("rita", tenant: WebFixture.Rival);
        await web.ApiAsync("GET", $"/api/runs/{run}", rita);
        await web.ApiAsync("GET", $"/api/runs/{new string('7', 32)}/events", rita);
        var records = new List<AuditRecord>();
        await foreach (var entry in web.Services.Audit.ReadAsync(WebFixture.Rival, AuditChain.ForPrincipal(WebFixture.Rival, "user:rita", web.Time.GetUtcNow()).Id, Token)) records.Add(entry.Record);
        Assert.Equal(["getRun", "listRunEvents"], records.Where(record => record.Rule == "not-found").Select(record => record.Target).Order());
        Assert.All(records, record => Assert.DoesNotContain(run.Value, record.ToJson().ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Api_AMistakeInARequest_IsNoRefusal()
    {
        var before = (await RecordsAsync("leo")).Count;
        Assert.Equal(HttpStatusCode.BadRequest, (await web.ApiAsync("POST", "/api/runs", web.Token("leo"), "{}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await web.ApiAsync("GET", "/api/runs", web.Token("leo"))).Status);
        Assert.Equal(before, (await RecordsAsync("leo")).Count);
    }

    [Fact]
    public async Task Api_ADecisionByToken_IsRecordedOnce()
    {
        var (_, gate) = await web.WaitingAsync("decided by token");
        await web.ApiAsync("POST", $"/api/approvals/{gate}/decisions", web.Token("alex"), "{}");
        Assert.Single(await AllAsync(), record => record.Rule == "interactive-session-required");
    }

    [Fact]
    public async Task Flood_OfOneCaller_IsTwoRecordsAMinute_ThatCountAll()
    {
        var clock = new ManualClock(new DateTimeOffset(2026, 4, 3, 8, 30, 30, TimeSpan.Zero));
        var refusals = new CallerRefusals(web.Web() with { Time = clock });
        var caller = web.Principal("nora");
        for (var i = 0; i < 5000; i++) await refusals.RecordAsync(caller, "getUsage", Refused("role-required"));
        await refusals.RecordAsync(caller, "putPolicy", Refused("role-required"));
        await refusals.WriteAsync();
        await refusals.WriteAsync();
        var records = await web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, "user:nora", clock.GetUtcNow()).Id);
        Assert.Equal([1, 1, 4999], records.Select(Count).Order());
        Assert.Equal(5000, records.Where(record => record.Target == "getUsage").Sum(Count));
    }

    [Fact]
    public async Task Flood_OfMoreKindsThanAreKept_IsStillBounded()
    {
        var clock = new ManualClock(new DateTimeOffset(2026, 4, 4, 8, 30, 30, TimeSpan.Zero));
        var refusals = new CallerRefusals(web.Web() with { Time = clock });
        for (var i = 0; i < 1100; i++) await refusals.RecordAsync(web.Principal("nora"), "getUsage", Refused($"rule-{i}"));
        await refusals.WriteAsync();
        var records = await web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, "user:nora", clock.GetUtcNow()).Id);
        Assert.InRange(records.Count, 2, 1025);
        Assert.Equal(1100, records.Sum(Count));
    }

    [Fact]
    public async Task Count_WhoseAnswerGotLost_IsCountedOnce()
    {
        var clock = new ManualClock(new DateTimeOffset(2026, 4, 5, 8, 30, 30, TimeSpan.Zero));
        for (var at = 1; ; at++)
        {
            var store = new FaultyTableStore(web.Services.Tables);
            var caller = web.Principal("nora") with { Id = $"nora{at}" };
            var refusals = new CallerRefusals(web.Web() with { Time = clock, Audit = new AuditLog(store, clock) });
            for (var i = 0; i < 4; i++) await refusals.RecordAsync(caller, "getUsage", Refused("role-required"));
            store.Arm(at, Fault.ThrowAfter);
            await refusals.WriteAsync();
            await refusals.WriteAsync();
            Assert.Equal((at, 4), (at, (await web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, caller.Subject, clock.GetUtcNow()).Id)).Sum(Count)));
            if (store.Struck is null) break;
        }
    }

    [Fact]
    public async Task Exchange_TooOften_Is429AndRecordedOnce()
    {
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        var limited = web.Web() with { Time = clock, Options = new WebOptions { DefaultTenant = "local", ExchangesPerCaller = 3, ExchangesPerAddress = 8 } };
        var (edge, known) = (new EdgeRefusals(limited), new CallerRefusals(limited));
        var face = new TokenFace(limited, limited.Narrowing!, edge, known); // the fixture has one
        for (var i = 0; i < 3; i++) Assert.Equal(200, await ExchangeAsync(face, web.Token("ana", TokenClass.Mcp)));
        for (var i = 0; i < 3; i++) Assert.Equal(429, await ExchangeAsync(face, web.Token("ana", TokenClass.Mcp)));
        Assert.Equal(400, await ExchangeAsync(face, "x.y.z"));
        Assert.Equal(200, await ExchangeAsync(face, web.Token("dana", TokenClass.Mcp))); // another holder, and the address's last
        Assert.Equal(429, await ExchangeAsync(face, web.Token("dana", TokenClass.Mcp)));
        await edge.WriteAsync();
        await known.WriteAsync();
        Assert.Equal([1, 2], (await RecordsAsync("ana")).Where(record => record.Rule == "token-rate").Select(Count).Order());
        var atTheEdge = (await web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, EdgeRefusals.Subject, clock.GetUtcNow()).Id)).Where(record => record.Details!["face"]!.AsString() == "token").ToList(); // each has a face
        Assert.Equal(["subject-token", "token-rate"], atTheEdge.Select(record => record.Rule).Order());
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(200, await ExchangeAsync(face, web.Token("ana", TokenClass.Mcp)));
    }

    private static async Task<int> ExchangeAsync(TokenFace face, string token)
    {
        const string Type = "urn:ietf:params:oauth:token-type:access_token";
        using var form = new FormUrlEncodedContent([new("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), new("subject_token", token), new("subject_token_type", Type), new("scope", "tool:stub/echo")]);
        var context = new DefaultHttpContext();
        context.Request.Path = TokenFace.Path;
        context.Request.ContentType = "application/x-www-form-urlencoded";
        context.Request.Body = await form.ReadAsStreamAsync(Token);
        await face.ExchangeAsync(context);
        return context.Response.StatusCode;
    }

    private static int Count(AuditRecord record) => (int)record.Details!["count"]!.AsNumber(); // each has one

    private static Problem Refused(string rule) => new(ProblemTypes.Authorization, 403, "A role is missing", null) { Stage = "authorize", Rule = rule };

    private Task<List<AuditRecord>> RecordsAsync(string user) => web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, "user:" + user, web.Time.GetUtcNow()).Id);

    private async Task<List<AuditRecord>> AllAsync()
    {
        var records = new List<AuditRecord>();
        await foreach (var chain in web.Services.Audit.ListChainsAsync(WebFixture.Tenant, Token)) records.AddRange(await web.AuditAsync(chain));
        return records;
    }
}
