using System.Net;
using Interlock.Core;
using Interlock.Core.Gateway;
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

    private async Task<string> KeepAsync(string text)
    {
        var call = new GatewayCall(new EffectId(Guid.NewGuid().ToString("N")), new ActorChain(web.Principal("ana"), null, null), TargetKind.Tool, "stub/echo", null, JsonValue.EmptyObject, DateTimeOffset.MaxValue);
        return (await web.Services.Gateway.Artifacts.KeepAsync(call, text)).Id;
    }
}
