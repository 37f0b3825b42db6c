using System.Net;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Results;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Tests.Web;

public sealed class ArtifactTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Artifact_OfTheCaller_IsADownloadThatRunsNothing()
    {
        var id = await KeepAsync("<script>alert(1)</script>");
        var (status, body, response) = await web.ApiAsync("GET", $"/api/artifacts/{id}", web.Token("ana"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("<script>alert(1)</script>", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("attachment", response.Content.Headers.ContentDisposition?.DispositionType);
        Assert.Equal("default-src 'none'; sandbox", Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.NotNull(body);
    }

    [Fact]
    public async Task Artifact_OfSomebodyElse_IsThereForAuditorsOnly()
    {
        var id = await KeepAsync("text");
        Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("GET", $"/api/artifacts/{id}", web.Token("nora"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("GET", $"/api/artifacts/{id}", web.Token("rita", tenant: WebFixture.Rival))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("GET", $"/api/artifacts/{new string('A', 43)}", web.Token("ana"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("GET", $"/api/artifacts/{id}", web.Token("olga"))).Status); // an operator
        Assert.Equal(HttpStatusCode.OK, (await web.ApiAsync("GET", $"/api/artifacts/{id}", web.Token("dana"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await web.ApiAsync("GET", $"/api/artifacts/{id}", null)).Status);
    }

    [Fact]
    public async Task Artifact_LinkOfAResult_IsReadThroughMcpByItsCallerOnly()
    {
        var uri = Artifact.UriPrefix + await KeepAsync("kept apart");
        var (ana, read) = (web.Token("ana", TokenClass.Mcp), $$$"""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"{{{uri}}}"}}""");
        async Task<string?> TextAsync(string path, string token) =>
            (await web.ApiAsync("POST", path, token, read, "application/json", ("Accept", "application/json, text/event-stream"))).Body?["result"]?["contents"]?[0]?["text"]?.StringOrNull();
        Assert.Equal("kept apart", await TextAsync("/mcp", ana));
        Assert.Equal("kept apart", await TextAsync("/mcp/stub", ana));
        Assert.Null(await TextAsync("/mcp", web.Token("nora", TokenClass.Mcp)));
        Assert.Null(await TextAsync("/mcp", web.Token("rita", TokenClass.Mcp, WebFixture.Rival)));
        Assert.Equal("kept apart", await TextAsync("/mcp", Narrowed("stub/*")));
        Assert.Null(await TextAsync("/mcp", Narrowed("crm/*")));
    }

    private string Narrowed(string tools) =>
        web.Services.Keys.Issuer.Issue(new LocalTokenRequest(web.Principal("ana"), TokenClass.Mcp, TimeSpan.FromMinutes(5)) { Scope = TokenScope.Of([tools]) });

    private async Task<string> KeepAsync(string text)
    {
        var call = new GatewayCall(new EffectId(Guid.NewGuid().ToString("N")), new ActorChain(web.Principal("ana"), null, null), TargetKind.Tool, "stub/echo", null, JsonValue.EmptyObject, DateTimeOffset.MaxValue);
        return (await web.Services.Gateway.Artifacts.KeepAsync(call, text)).Id;
    }
}
