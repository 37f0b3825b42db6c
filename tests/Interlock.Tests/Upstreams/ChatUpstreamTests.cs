using System.Text;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Http.Upstreams;
using Interlock.Tests.Agents;

namespace Interlock.Tests.Upstreams;

/// <summary>One turn of a model over real connections: exactly the frozen bytes leave, and whatever comes back is a turn or says why it is none.</summary>
public sealed class ChatUpstreamTests
{
    private const string Turn = """{"max_completion_tokens":9,"messages":[{"content":"ünïcode \u2028 1e3","role":"user"}]}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Invoke_SendsTheModelAndThenExactlyTheFrozenBytes()
    {
        await using var script = await ChatScript.StartAsync(ChatScript.Says("hello"));
        var done = Assert.IsType<UpstreamResult.Completed>(await AskAsync(script.Address));
        var sent = Assert.Single(script.Requests);
        Assert.Equal(("POST", "/v1/chat/completions", "application/json"), (sent.HttpMethod, sent.Path, sent.Headers["Content-Type"]));
        Assert.Equal("""{"model":"small",""" + Turn[1..], Encoding.UTF8.GetString(sent.Body));
        var answer = ModelAnswer.Read(done.Output);
        Assert.Equal(("hello", "stop", "small-2026", new TokenCount(11, 7)), (answer.Text, answer.Finish, answer.Model, answer.Tokens));
        Assert.Equal(new ModelUse("small-2026", new TokenCount(11, 7)), done.Use);
        Assert.DoesNotContain("Authorization", sent.Headers.Keys);
    }

    [Theory]
    [InlineData("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions")]
    [InlineData("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions")]
    [InlineData("https://contoso.openai.azure.com/openai/v1", "https://contoso.openai.azure.com/openai/v1/chat/completions")]
    [InlineData("https://contoso.openai.azure.com/openai/deployments/four?api-version=2024-10-21", "https://contoso.openai.azure.com/openai/deployments/four/chat/completions?api-version=2024-10-21")]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:8080/chat/completions")]
    public void Address_OfABaseOrADeployment_KeepsItsQuery(string registered, string asked) => Assert.Equal(asked, ChatUpstream.Address(new Uri(registered)).AbsoluteUri);

    [Theory]
    [InlineData("Authorization", "Bearer ", "Authorization", "Bearer s3cret")]
    [InlineData("api-key", "", "api-key", "s3cret")]
    public async Task Invoke_WithAKey_SendsItInItsHeader(string header, string prefix, string shown, string value)
    {
        await using var script = await ChatScript.StartAsync(ChatScript.Says("hello"));
        Assert.IsType<UpstreamResult.Completed>(await AskAsync(script.Address, new UpstreamAuth.ApiKey("key", header, prefix), new Secrets()));
        Assert.Equal(value, Assert.Single(script.Requests).Headers[shown]);
    }

    [Fact]
    public async Task Invoke_WithoutItsSecret_NeverLeaves()
    {
        await using var script = await ChatScript.StartAsync(ChatScript.Says("hello"));
        var none = Assert.IsType<UpstreamResult.NotSent>(await AskAsync(script.Address, new UpstreamAuth.ApiKey("other"), new Secrets()));
        Assert.Equal(("credential-missing", true), (none.Problem.Rule, none.IsFinal));
        Assert.Empty(script.Requests);
    }

    [Fact]
    public async Task Invoke_AnAddressThatEgressDenies_NeverLeaves()
    {
        await using var script = await ChatScript.StartAsync(ChatScript.Says("hello"));
        await using var upstream = new UpstreamFixture(new EgressOptions());
        var none = Assert.IsType<UpstreamResult.NotSent>(await upstream.Chat.InvokeAsync(Call(script.Address), Token));
        Assert.Equal("egress-denied", none.Problem.Rule);
        Assert.Empty(script.Requests);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Invoke_NoTimeNow_WasNotDoneAndSaysWhenToComeAgain(int status)
    {
        await using var script = await ChatScript.StartAsync((status, """{"error":{"message":"slow down"}}"""));
        var rejected = Assert.IsType<UpstreamResult.Rejected>(await AskAsync(script.Address));
        Assert.Equal(TimeSpan.FromSeconds(7), rejected.RetryAfter);
        Assert.Contains("It says: slow down", rejected.Problem.Detail);
    }

    [Theory]
    [InlineData(400, true)]
    [InlineData(401, true)]
    [InlineData(404, true)]
    [InlineData(500, false)]
    [InlineData(502, false)]
    public async Task Invoke_AnError_IsARefusalWhereItSaysSo(int status, bool isRefusal)
    {
        await using var script = await ChatScript.StartAsync((status, "<html>no JSON</html>"));
        var result = await AskAsync(script.Address);
        if (isRefusal) Assert.Null(Assert.IsType<UpstreamResult.Rejected>(result).RetryAfter);
        else Assert.Null(Assert.IsType<UpstreamResult.Unknown>(result).RetryAfter);
    }

    [Fact]
    public async Task Invoke_ARedirect_IsNotFollowed()
    {
        await using var elsewhere = await ChatScript.StartAsync(ChatScript.Says("hello"));
        await using var stub = await StubServer.StartAsync((context, _) =>
        {
            (context.Response.StatusCode, context.Response.Headers.Location) = (308, elsewhere.Address.AbsoluteUri + "/chat/completions");
            return Task.CompletedTask;
        });
        Assert.Equal("egress-denied", Assert.IsType<UpstreamResult.Rejected>(await AskAsync(new Uri(stub.Address, "/v1"))).Problem.Rule);
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task Invoke_CallsOfFunctions_AreToldAsTheModelWroteThem()
    {
        await using var script = await ChatScript.StartAsync(ChatScript.Wants(("a", "crm__read", """{"id": 1"""), ("b", "crm__read", "{}")));
        var answer = ModelAnswer.Read(Assert.IsType<UpstreamResult.Completed>(await AskAsync(script.Address)).Output);
        Assert.Equal("calls", answer.Finish);
        Assert.Equal([new ModelCall("a", "crm__read", """{"id": 1"""), new ModelCall("b", "crm__read", "{}")], answer.Calls);
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"image_url"},{"type":"text","text":"b"}]},"finish_reason":"stop"}]}""", "ab", "stop")]
    [InlineData("""{"choices":[{"message":{"content":null,"refusal":"I won't."},"finish_reason":"stop"}]}""", "I won't.", "filter")]
    [InlineData("""{"choices":[{"message":{"content":"cut"},"finish_reason":"length"}]}""", "cut", "length")]
    [InlineData("""{"choices":[{"message":{"content":""},"finish_reason":"content_filter"}]}""", "", "filter")]
    [InlineData("""{"choices":[{"message":{}}]}""", "", "stop")]
    [InlineData("""{"choices":[{"message":{"content":"x","tool_calls":null},"finish_reason":"tool_calls"}]}""", "x", "stop")]
    [InlineData("""{"choices":[{"message":{"content":"x","tool_calls":[{"id":"a","function":{"name":"f","arguments":{"b":1}}}]},"finish_reason":"stop"}]}""", "x", "calls")]
    public async Task Invoke_AnswersOfManyForms_AreTurns(string body, string text, string finish)
    {
        await using var script = await ChatScript.StartAsync(body);
        var done = Assert.IsType<UpstreamResult.Completed>(await AskAsync(script.Address));
        var answer = ModelAnswer.Read(done.Output);
        Assert.Equal((text, finish, "small"), (answer.Text, answer.Finish, answer.Model));
        Assert.Equal(new TokenCount(TokenEstimate.Of(Turn), TokenEstimate.Of(body)), answer.Tokens); // it does not say
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"choices":[]}""")]
    [InlineData("""{"choices":"none"}""")]
    [InlineData("""{"choices":[{}]}""")]
    [InlineData("""{"choices":[7]}""")]
    [InlineData("""{"choices":[{"message":{"content":7}}]}""")]
    [InlineData("""{"choices":[{"message":{"content":[7]}}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":{}}}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[7]}}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"id":"a","type":"custom","custom":{"name":"x"}}]}}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"type":"function","function":{"name":"f","arguments":"{}"}}]}}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"arguments":"{}"}}]}}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":7}}]}}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"a","function":{"name":"g","arguments":"{}"}}]}}]}""")]
    [InlineData("""{"choices":[{"message":{"content":"a"}}],"choices":[{"message":{"content":"b"}}]}""")]
    [InlineData("""{"choices":[{"message":{"content":"\ud800"}}]}""")]
    [InlineData("no JSON at all")]
    public async Task Invoke_AHostileAnswer_WasMadeAndIsNoTurn(string body)
    {
        await using var script = await ChatScript.StartAsync(body);
        var done = Assert.IsType<UpstreamResult.Completed>(await AskAsync(script.Address));
        Assert.True(done.IsError);
        Assert.Equal((502, "The model's answer makes no sense"), (done.Problem!.Status, done.Problem.Title)); // an error says why
        Assert.Equal(new TokenCount(TokenEstimate.Of(Turn), TokenEstimate.Of(body)), done.Use!.Tokens); // it was made, and counts
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("1000000001")]
    [InlineData("\"7\"")]
    public async Task Invoke_TokensThatCanNotBe_AreEstimated(string count)
    {
        var body = $$$"""{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":{{{count}}},"completion_tokens":3} }""";
        await using var script = await ChatScript.StartAsync(body);
        Assert.Equal(new TokenCount(TokenEstimate.Of(Turn), TokenEstimate.Of(body)), Assert.IsType<UpstreamResult.Completed>(await AskAsync(script.Address)).Use!.Tokens); // it was answered
    }

    [Fact]
    public async Task Invoke_MoreTextThanATurnMayHave_IsNoTurnAndCounts()
    {
        await using var script = await ChatScript.StartAsync(ChatScript.Says(new string('x', ChatTurn.MaxBytes), new TokenCount(5, 66_000)));
        var done = Assert.IsType<UpstreamResult.Completed>(await AskAsync(script.Address));
        Assert.Equal((true, "response-limit", 66_000), (done.IsError, done.Problem!.Rule, done.Use!.Tokens.Output)); // an error says why
    }

    [Fact]
    public async Task Invoke_PastItsDeadline_NeverLeaves()
    {
        await using var script = await ChatScript.StartAsync(ChatScript.Says("hello"));
        await using var upstream = new UpstreamFixture();
        Assert.IsType<UpstreamResult.NotSent>(await upstream.Chat.InvokeAsync(Call(script.Address) with { Deadline = DateTimeOffset.UtcNow.AddSeconds(-1) }, Token));
        Assert.Empty(script.Requests);
    }

    private static UpstreamCall Call(Uri address) => UpstreamFixture.Call(address, Turn, "small", UpstreamKind.Chat);

    private static async Task<UpstreamResult> AskAsync(Uri address, UpstreamAuth? auth = null, ISecretSource? secrets = null)
    {
        await using var upstream = new UpstreamFixture(secrets: secrets);
        var call = Call(address);
        return await upstream.Chat.InvokeAsync(call with { Endpoint = call.Endpoint with { Tenant = new TenantId("contoso"), Auth = auth } }, Token);
    }

    private sealed class Secrets : ISecretSource
    {
        public Task<string?> ResolveAsync(TenantId tenant, string name, CancellationToken cancellationToken = default) => Task.FromResult(tenant.Value == "contoso" && name == "key" ? "s3cret" : null);
    }
}
