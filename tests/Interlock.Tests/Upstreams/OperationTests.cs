using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Tests.Upstreams;

public sealed class OperationTests
{
    private const string Everything = """{"tools":{},"resources":{},"prompts":{},"completions":{}}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"tools":{}}""", "")]
    [InlineData(Everything, "resources:list resources:templates resources:read prompts:get completion:complete")]
    [InlineData("""{"prompts":{}}""", "prompts:get")]
    [InlineData("""{"resources":{}}""", "resources:list resources:templates resources:read")]
    public async Task Discover_Capabilities_SayWhatIsOffered(string capabilities, string operations)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, """{"prompts":[]}"""), capabilities: capabilities);
        await using var upstream = new UpstreamFixture();

        var found = await upstream.Mcp.DiscoverAsync(UpstreamFixture.Call(server.Address).Endpoint, Token);

        Assert.Null(found.Failure);
        Assert.Equal(operations, string.Join(' ', found.Operations.Select(operation => operation.Name)));
        Assert.Equal(capabilities.Contains("tools", StringComparison.Ordinal), server.Requests.Any(request => request.Method == "tools/list"));
    }

    [Fact]
    public async Task Discover_Prompts_AreTheContractWhateverTheirOrder()
    {
        var digests = new List<string>();
        foreach (var prompts in (string[])["""[{"name":"a","_meta":{"x":1},"arguments":[{"name":"n","required":true}]},{"name":"b"}]""", """[{"name":"b"},{"arguments":[{"name":"n","required":true}],"name":"a","_meta":{"x":1}}]""", """[{"name":"b"},{"name":"a","_meta":{"x":2}}]"""])
        {
            await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, $$"""{"prompts":{{prompts}}}"""), capabilities: """{"prompts":{}}""");
            await using var upstream = new UpstreamFixture();
            var contract = Assert.Single((await upstream.Mcp.DiscoverAsync(UpstreamFixture.Call(server.Address).Endpoint, Token)).Operations);
            Assert.Equal(["a", "b"], contract.Raw["prompts"]!.Items.Select(prompt => prompt["name"]!.AsString()));
            digests.Add(contract.Digest);
        }
        Assert.Equal(digests[0], digests[1]);
        Assert.NotEqual(digests[0], digests[2]);
    }

    [Theory]
    [InlineData("""{"prompts":[{"name":"a"},{"name":"a"}]}""")]
    [InlineData("""{"prompts":[{"title":"a"}]}""")]
    [InlineData("""{"prompts":7}""")]
    [InlineData("""{"prompts":[{"name":"a"}],"nextCursor":"more"}""")]
    [InlineData("""{"prompts":[],"nextCursor":"more"}""")]
    public async Task Discover_UnusablePrompts_IsAFailure(string answer)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, answer), capabilities: """{"prompts":{}}""");
        await using var upstream = new UpstreamFixture();

        var found = await upstream.Mcp.DiscoverAsync(UpstreamFixture.Call(server.Address).Endpoint, Token);

        Assert.NotNull(found.Failure);
        Assert.Empty(found.Contracts);
        Assert.True(server.Requests.Count < 10);
    }

    [Theory]
    [InlineData(UpstreamOperations.ReadResource, """{"uri":"file:///é"}""", "resources/read", "=?base64?ZmlsZTovLy/DqQ==?=", """{"contents":[{"uri":"file:///é","text":"t"}]}""")]
    [InlineData(UpstreamOperations.GetPrompt, """{"arguments":{"n":"1"},"name":"greet"}""", "prompts/get", "greet", """{"messages":[{"role":"user","content":{"type":"text","text":"hi"}}]}""")]
    [InlineData(UpstreamOperations.Complete, """{"argument":{"name":"n","value":"1"},"ref":{"name":"greet","type":"ref/prompt"}}""", "completion/complete", null, """{"completion":{"values":["1"]}}""")]
    public async Task Invoke_Operation_IsItsMethod(string operation, string arguments, string method, string? named, string result)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, StrictJson.Parse(result).With("resultType", "complete").ToString()), capabilities: Everything);
        await using var upstream = new UpstreamFixture();

        var completed = Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address, arguments, operation), Token));

        var sent = Assert.Single(server.Requests, request => request.Method == method);
        Assert.Equal(arguments, sent.Json!["params"]!.Without("_meta").ToString());
        Assert.Equal("key-1", sent.Json!["params"]!["_meta"]!["interlock/idempotencyKey"]!.AsString());
        Assert.Equal(named, sent.Headers.GetValueOrDefault("Mcp-Name"));
        Assert.Equal((result, result), (completed.Result?.ToString(), completed.Output.ToString()));
    }

    [Theory]
    [InlineData(UpstreamOperations.ListResources, "resources/list", "resources")]
    [InlineData(UpstreamOperations.ListTemplates, "resources/templates/list", "resourceTemplates")]
    public async Task Invoke_List_IsReadToItsEnd(string operation, string method, string member)
    {
        await using var server = await McpStub.NewestAsync((context, request) =>
        {
            var page = request.Json!["params"]!["cursor"]?.AsString() is { } cursor ? int.Parse(cursor, System.Globalization.CultureInfo.InvariantCulture) : 0;
            return McpStub.ResultAsync(context, request, $$"""{"{{member}}":[{"name":"r{{page}}"}],"ttlMs":5{{(page < 2 ? $",\"nextCursor\":\"{page + 1}\"" : "")}}}""");
        });
        await using var upstream = new UpstreamFixture();

        var completed = Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address, tool: operation), Token));

        Assert.Equal($$"""{"{{member}}":[{"name":"r0"},{"name":"r1"},{"name":"r2"}]}""", completed.Result?.ToString());
        Assert.Equal(3, server.Requests.Count(request => request.Method == method));
    }

    [Fact]
    public async Task Invoke_ListWithoutEnd_IsGivenUp()
    {
        var asked = 0;
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, $$"""{"resources":[{"uri":"x:1"}],"nextCursor":"{{Interlocked.Increment(ref asked)}}"}"""));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Unknown>(await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address, tool: UpstreamOperations.ListResources), Token));
        Assert.InRange(asked, 2, 1000);
    }
}
