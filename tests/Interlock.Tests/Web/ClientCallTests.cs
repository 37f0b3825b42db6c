using System.Net;
using Interlock.Core;
using Interlock.Core.Identity;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Interlock.Tests.Web;

/// <summary>A client's guarded call, its gate's page and its gate in the API, over the whole embedded host.</summary>
public sealed class ClientCallTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Call_ApprovedOnThePage_PassesOnce()
    {
        await using var client = await web.ConnectAsync(web.Token("nora", TokenClass.Mcp));
        var gate = await AskAsync(client, "LOUD <b>");
        using var nora = await Browser.SignedInAsync(web, "nora");
        var (seen, own, _) = await nora.GetAsync($"/approvals/{gate}");
        Assert.Equal((HttpStatusCode.OK, false), (seen, own.Contains("name=\"shown\"", StringComparison.Ordinal)));
        using var ana = await Browser.SignedInAsync(web, "ana");
        var (_, html, _) = await ana.GetAsync($"/approvals/{gate}");
        Assert.Contains("Call stub/echo for Nora", html, StringComparison.Ordinal);
        Assert.Contains("LOUD &lt;b&gt;", html, StringComparison.Ordinal);
        Assert.Contains($"/approvals/{gate}", (await ana.GetAsync("/approvals")).Body, StringComparison.Ordinal);
        var fields = Browser.Form(html, $"/approvals/{gate}");
        fields["decision"] = "approve";
        Assert.Equal(HttpStatusCode.SeeOther, (await ana.PostAsync($"/approvals/{gate}", fields)).Status);

        Assert.NotEqual(true, (await CallAsync(client, "LOUD <b>")).IsError);
        Assert.NotEqual(gate, await AskAsync(client, "LOUD <b>"));
        Assert.Single(web.Stub.Source.Calls, call => call.Arguments["text"]?.AsString() == "LOUD <b>");
    }

    [Fact]
    public async Task Gate_InTheApi_IsShownToItsCallerAndToApproversOnly()
    {
        await using var client = await web.ConnectAsync(web.Token("nora", TokenClass.Mcp));
        var gate = await AskAsync(client, "LOUD in the api");
        foreach (var user in (string[])["nora", "leo", "dana"]) Assert.Equal(HttpStatusCode.OK, (await web.ApiAsync("GET", $"/api/approvals/{gate}", web.Token(user))).Status);
        var (status, _, _) = await web.ApiAsync("GET", $"/api/approvals/{gate}", web.Token("rita", tenant: WebFixture.Rival));
        Assert.Equal(HttpStatusCode.NotFound, status);
        var (_, body, _) = await web.ApiAsync("GET", $"/api/approvals/{gate}", web.Token("nora"));
        Assert.Equal((null, null, "user:nora"), (body["run"], body["workflow"], body["initiators"]![0]!.AsString()));
        var (decided, refusal, _) = await web.ApiAsync("POST", $"/api/approvals/{gate}/decisions", web.Token("leo"), """{"decision":"approve"}""");
        Assert.Equal((HttpStatusCode.Forbidden, "interactive-session-required"), (decided, refusal["rule"]!.AsString()));
        Assert.True((await CallAsync(client, "LOUD in the api")).IsError);
        Assert.DoesNotContain(web.Stub.Source.Calls, call => call.Arguments["text"]?.AsString() == "LOUD in the api");
    }

    /// <summary>The gate at which the call waits.</summary>
    private async Task<GateId> AskAsync(McpClient client, string text)
    {
        var result = await CallAsync(client, text);
        Assert.True(result.IsError);
        var approval = result.StructuredContent!.Value.GetProperty("approval");
        Assert.Equal($"{web.Origin}/approvals/{approval.GetProperty("id").GetString()}", approval.GetProperty("url").GetString());
        return new GateId(approval.GetProperty("id").GetString()!);
    }

    private static Task<CallToolResult> CallAsync(McpClient client, string text) =>
        client.CallToolAsync("stub__echo", new Dictionary<string, object?> { ["text"] = text }, cancellationToken: TestContext.Current.CancellationToken).AsTask();
}
