using System.Net;

namespace Interlock.Tests.Web;

public sealed class UsageApiTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Usage_OfCalls_AsJsonAndCsv_ForAuditorsAndAdminsOnly()
    {
        await using (var ana = await web.ConnectAsync(web.Token("ana", Core.Identity.TokenClass.Mcp)))
            for (var i = 0; i < 3; i++) await ana.CallToolAsync("stub__echo", new Dictionary<string, object?> { ["text"] = $"used {i}" }, cancellationToken: TestContext.Current.CancellationToken);
        var (status, body, _) = await web.ApiAsync("GET", "/api/usage", web.Token("dana"));
        Assert.Equal(HttpStatusCode.OK, status);
        var used = Assert.Single(body["usage"]!.Items, entry => entry["key"]!.AsString() == "user:ana");
        Assert.Equal(3, used["calls"]!.AsNumber());
        Assert.True(used["bytes"]!.AsNumber() > 0);
        var (_, csv, response) = await web.ApiAsync("GET", "/api/usage?by=caller&format=csv", web.Token("dana"));
        Assert.StartsWith("key,calls,failures,unknown,refusals,durationMs,bytes,cost,inputTokens,outputTokens\r\n\"user:ana\",3,0,0,0,", csv.AsString());
        Assert.Equal("attachment", response.Content.Headers.ContentDisposition?.DispositionType);
        Assert.Equal(HttpStatusCode.Forbidden, (await web.ApiAsync("GET", "/api/usage", web.Token("olga"))).Status);
        Assert.Empty((await web.ApiAsync("GET", "/api/usage", web.Token("rita", tenant: WebFixture.Rival))).Body["usage"]!.Items);
        foreach (var query in (string[])["by=mood", "format=xml", "from=never", "from=2020-01-01&to=2026-01-01"])
            Assert.Equal(HttpStatusCode.BadRequest, (await web.ApiAsync("GET", "/api/usage?" + query, web.Token("dana"))).Status);
    }

    [Fact]
    public async Task Quotas_PutAndGot_HoldFromThenOn_AndAreAdmins()
    {
        const string Quotas = "version: 1\nrules: [ { id: nobody, who: { user: kim }, calls: { day: 1 } } ]\n";
        Assert.Equal(HttpStatusCode.Forbidden, (await web.ApiAsync("PUT", "/api/quotas", web.Token("olga"), Quotas, "text/yaml")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await web.ApiAsync("PUT", "/api/quotas", web.Token("dana"), "version: 1\nruls: []\n", "text/yaml")).Status);
        Assert.Equal(HttpStatusCode.OK, (await web.ApiAsync("PUT", "/api/quotas", web.Token("dana"), Quotas, "text/yaml")).Status);
        Assert.Equal(Quotas, (await web.ApiAsync("GET", "/api/quotas", web.Token("dana"))).Body["text"]!.AsString());
        await using var kim = await web.ConnectAsync(web.Token("kim", Core.Identity.TokenClass.Mcp));
        for (var i = 0; i < 2; i++)
        {
            var result = await kim.CallToolAsync("stub__echo", new Dictionary<string, object?> { ["text"] = $"quota {i}" }, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(i == 1, result.IsError == true);
            if (i == 1) Assert.Equal("quota-exceeded", result.StructuredContent!.Value.GetProperty("rule").GetString());
        }
    }
}
