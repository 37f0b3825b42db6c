using System.Net;

namespace Interlock.Tests.Web;

public sealed class AgentsApiTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Planner = """
        { "name": "planner", "version": "1.0.0", "address": "https://models.contoso.com/v1",
          "settings": { "protocol": "chat", "model": "small", "auth": { "type": "managedIdentity", "scope": "https://cognitiveservices.azure.com/.default" }, "prices": { "input": 2.5, "output": 10 }, "limits": { "time": "PT5M" } } }
        """;

    [Fact]
    public async Task Agent_OfChat_IsRegisteredAndShownAsItsOperatorWroteIt()
    {
        Assert.Equal(HttpStatusCode.Forbidden, (await web.ApiAsync("POST", "/api/registry/agents", web.Token("olga"), Planner)).Status);
        var (status, body, _) = await web.ApiAsync("POST", "/api/registry/agents", web.Token("dana"), Planner);
        Assert.True(status == HttpStatusCode.Created, body.ToString());
        var (_, registry, _) = await web.ApiAsync("GET", "/api/registry?kind=agent", web.Token("dana"));
        var settings = Assert.Single(registry["entries"]!.Items, entry => entry["name"]!.AsString() == "planner")["body"]!["settings"]!;
        Assert.Equal((2.5, "PT5M", "managedIdentity"), (settings["prices"]!["input"]!.AsNumber(), settings["limits"]!["time"]!.AsString(), settings["auth"]!["type"]!.AsString()));
        Assert.Equal(HttpStatusCode.Conflict, (await web.ApiAsync("POST", "/api/registry/agents", web.Token("dana"), Planner.Replace("small", "large", StringComparison.Ordinal))).Status);
        var (late, problem, _) = await web.ApiAsync("POST", "/api/registry/agents", web.Token("dana"), Planner.Replace("PT5M", "5 minutes", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid-settings", "/settings/limits/time"), (late, problem["rule"]!.AsString(), problem["instance"]!.AsString()));
    }

    [Theory]
    [InlineData("""{ "name": "x", "version": "1.0.0" }""", "invalid-settings")]
    [InlineData("""{ "name": "x", "version": "1.0.0", "address": "node agent.js" }""", "stdio-operator-only")]
    [InlineData("""{ "name": "x", "version": "1.0.0", "settings": { "protocol": "mcp", "tool": "stub/none" } }""", "invalid-settings")]
    public async Task Agent_ThatCanNotBe_IsRefused(string json, string rule) =>
        Assert.Equal(rule, (await web.ApiAsync("POST", "/api/registry/agents", web.Token("dana"), json)).Body["rule"]!.AsString());

    [Fact]
    public async Task History_OfNobody_IsNotFound() =>
        Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("GET", "/api/agents/nobody/history", web.Token("dana"))).Status);
}
