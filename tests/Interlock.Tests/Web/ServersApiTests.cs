using System.Net;
using Interlock.Core.Identity;

namespace Interlock.Tests.Web;

public sealed class ServersApiTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task List_Servers_StandWithTheirAddresses()
    {
        var (status, body, _) = await web.ApiAsync("GET", "/api/servers", web.Token("olga", TokenClass.Api));
        Assert.Equal(HttpStatusCode.OK, status);
        var server = body["servers"]!.Items.First(item => item["name"]!.AsString() == "stub"); // the fixture registers it
        Assert.True(server["available"]!.AsBoolean());
        Assert.Equal(("closed", "unknown"), (server["addresses"]![0]!["circuit"]!.AsString(), server["addresses"]![0]!["health"]!.AsString()));
    }

    [Fact]
    public async Task Explain_Tool_SaysWhereItGoes()
    {
        var (status, body, _) = await web.ApiAsync("GET", "/api/routes/explain?target=stub/echo", web.Token("olga", TokenClass.Api));
        Assert.Equal((HttpStatusCode.OK, "1.0.0"), (status, body["taken"]!.AsString()));
        (status, body, _) = await web.ApiAsync("GET", "/api/routes/explain?target=stub/nothing", web.Token("olga", TokenClass.Api));
        Assert.Equal((HttpStatusCode.OK, "unknown-tool"), (status, body["refusal"]!["rule"]!.AsString()));
        Assert.Equal(HttpStatusCode.BadRequest, (await web.ApiAsync("GET", "/api/routes/explain", web.Token("olga", TokenClass.Api))).Status);
    }
}
