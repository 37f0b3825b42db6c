using System.Net;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Tests.Gateway;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Web;

public sealed class EdgeRefusalsTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Flood_OfRefusals_IsAFewRecordsWithCounts()
    {
        var clock = new ManualClock(new DateTimeOffset(2026, 3, 3, 8, 30, 30, TimeSpan.Zero));
        var refusals = new EdgeRefusals(web.Web() with { Time = clock, Options = new WebOptions { DefaultTenant = "local" } });
        for (var i = 0; i < 5000; i++) refusals.Count(Request("/api/runs", "203.0.113.7"), Refused(TokenRules.Signature));
        for (var i = 0; i < 3000; i++) refusals.Count(Request("/mcp", i % 2 == 0 ? "10.0.0.1" : "203.0.113.9"), Refused(TokenRules.Class));
        for (var i = 0; i < 2000; i++) refusals.Count(Request("/api", "::1"), Refused($"rule-{i}"));
        await refusals.WriteAsync();
        var records = await web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, EdgeRefusals.Subject, clock.GetUtcNow()).Id);
        Assert.InRange(records.Count, 4, 257);
        Assert.Equal(10_000, records.Sum(record => (long)record.Details!["count"]!.AsNumber())); // each has a count
        Assert.Equal((5000, "api", "public-v4", "authenticate"), Assert.Single(records, record => record.Rule == TokenRules.Signature) is var one ? ((int)one.Details!["count"]!.AsNumber(), one.Details["face"]!.AsString(), one.Details["addresses"]!.AsString(), one.Stage) : default); // as above
        Assert.Equal(["private-v4", "public-v4"], records.Where(record => record.Rule == TokenRules.Class).Select(record => record.Details!["addresses"]!.AsString()).Order()); // as above
        await refusals.WriteAsync();
        Assert.Equal(records.Count, (await web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, EdgeRefusals.Subject, clock.GetUtcNow()).Id)).Count);
    }

    [Fact]
    public async Task Minute_Over_IsWrittenByItself()
    {
        var clock = new ManualClock(new DateTimeOffset(2026, 3, 4, 8, 30, 30, TimeSpan.Zero));
        var refusals = new EdgeRefusals(web.Web() with { Time = clock, Options = new WebOptions { DefaultTenant = "local" } });
        refusals.Count(Request("/api/runs", "203.0.113.7"), Refused("token-missing"));
        clock.Advance(TimeSpan.FromMinutes(1));
        var chain = AuditChain.ForPrincipal(WebFixture.Tenant, EdgeRefusals.Subject, clock.GetUtcNow()).Id;
        while ((await web.AuditAsync(chain)).Count == 0) await Task.Yield();
        Assert.Equal("token-missing", Assert.Single(await web.AuditAsync(chain)).Rule);
    }

    [Fact]
    public async Task Count_ThatCouldNotBeRecorded_IsRecordedAMinuteLater()
    {
        var clock = new ManualClock(new DateTimeOffset(2026, 3, 5, 8, 30, 30, TimeSpan.Zero));
        var store = new FaultyTableStore(web.Services.Tables);
        store.Arm(1, Fault.ThrowBefore);
        var refusals = new EdgeRefusals(web.Web() with { Time = clock, Audit = new AuditLog(store), Options = new WebOptions { DefaultTenant = "local" } });
        for (var i = 0; i < 3; i++) refusals.Count(Request("/mcp", "203.0.113.7"), Refused("token-missing"));
        await refusals.WriteAsync();
        var chain = AuditChain.ForPrincipal(WebFixture.Tenant, EdgeRefusals.Subject, clock.GetUtcNow()).Id;
        Assert.Empty(await web.AuditAsync(chain));
        clock.Advance(TimeSpan.FromMinutes(1));
        for (var patience = 0; patience < 1000 && (await web.AuditAsync(chain)).Count == 0; patience++) await Task.Yield();
        Assert.Equal(3, (int)Assert.Single(await web.AuditAsync(chain)).Details!["count"]!.AsNumber()); // each has a count
    }

    private static Problem Refused(string rule) => new(ProblemTypes.Authentication, 401, "The token is not accepted", null) { Stage = "authenticate", Rule = rule };

    private static DefaultHttpContext Request(string path, string address)
    {
        var context = new DefaultHttpContext();
        context.Request.Path = path;
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        return context;
    }
}
