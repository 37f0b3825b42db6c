using Interlock.Json;
using Interlock.Tests.Mcp.Conformance;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Interlock.Tests.Mcp;

/// <summary>Published clients in front of the gateway, each with a bearer token: they list the tools and call one of the fixture server behind it.</summary>
public sealed class RealClientTests : IAsyncLifetime
{
    private const string Tool = "fixture__test_simple_text";
    private const string Text = "This is a simple text response for testing.";

    private const string Script = """
        const { Client } = await import(process.argv[1] + '/dist/esm/client/index.js');
        const { StreamableHTTPClientTransport } = await import(process.argv[1] + '/dist/esm/client/streamableHttp.js');
        const client = new Client({ name: 'test', version: '1.0.0' });
        await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2]), { requestInit: { headers: { Authorization: 'Bearer ' + process.argv[3] } } }));
        const tools = (await client.listTools()).tools.map(tool => tool.name);
        const result = await client.callTool({ name: process.argv[4], arguments: {} });
        const progress = [];
        await client.callTool({ name: 'fixture__test_tool_with_progress', arguments: {} }, undefined, { onprogress: at => progress.push(at.progress) });
        const prompt = await client.getPrompt({ name: 'fixture__test_simple_prompt' });
        const read = await client.readResource({ uri: 'test://static-text' });
        console.log(JSON.stringify({ tools, result, progress, prompt, read }));
        await client.close();
        """;

    private const string LargeScript = """
        const { Client } = await import(process.argv[1] + '/dist/esm/client/index.js');
        const { StreamableHTTPClientTransport } = await import(process.argv[1] + '/dist/esm/client/streamableHttp.js');
        const client = new Client({ name: 'test', version: '1.0.0' });
        await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2]), { requestInit: { headers: { Authorization: 'Bearer ' + process.argv[3] } } }));
        await client.listTools();
        const text = await client.callTool({ name: 'fixture__large_text', arguments: {} });
        const structure = await client.callTool({ name: 'fixture__large_structure', arguments: {} });
        const whole = await client.readResource({ uri: structure.content[1].uri });
        console.log(JSON.stringify({ text, structure, read: whole.contents[0].text.length }));
        await client.close();
        """;

    private ConformanceHost? _host;

    private ConformanceHost Host => _host!; // set before any test

    public async ValueTask InitializeAsync() => _host = await ConformanceHost.StartAsync();

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Theory]
    [InlineData("2026-07-28")]
    [InlineData("2025-11-25")]
    [InlineData("2024-11-05")]
    public async Task CSharpSdk_ListsAndCalls(string revision)
    {
        await using var client = await McpClient.CreateAsync(
            new HttpClientTransport(new HttpClientTransportOptions
            {
                Endpoint = new Uri(Host.Origin + "/mcp"),
                TransportMode = HttpTransportMode.StreamableHttp,
                AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + Host.Token },
            }),
            new McpClientOptions { ProtocolVersion = revision },
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains(Tool, (await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken)).Select(tool => tool.Name));
        var result = await client.CallToolAsync(Tool, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(Text, Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text);
        Assert.Contains("fixture__test_simple_prompt", (await client.ListPromptsAsync(cancellationToken: TestContext.Current.CancellationToken)).Select(prompt => prompt.Name));
        Assert.Contains("test://static-text", (await client.ListResourcesAsync(cancellationToken: TestContext.Current.CancellationToken)).Select(resource => resource.Uri));
    }

    [Fact]
    public async Task TypeScriptSdk_ListsAndCalls()
    {
        var sdk = Path.Combine(Tools.Folder("clients"), "node_modules", "@modelcontextprotocol", "sdk");
        var said = StrictJson.ParseLenient(await OutsideProgram.RunAsync(Tools.Program("node"), "--input-type=module", "-e", Script, sdk, Host.Origin + "/mcp", Host.Token, Tool));
        Assert.Contains(Tool, said["tools"]!.Items.Select(name => name.AsString()));
        Assert.Equal(Text, said["result"]!["content"]![0]!["text"]!.AsString());
        Assert.Equal("[0,50,100]", said["progress"]!.ToString());
        Assert.Equal("This is a simple prompt for testing.", said["prompt"]!["messages"]![0]!["content"]!["text"]!.AsString());
        Assert.StartsWith("This is the content", said["read"]!["contents"]![0]!["text"]!.AsString(), StringComparison.Ordinal);
    }

    /// <summary>The client holds structured content against the output schemas that it listed, and throws where a result that is no error has none.</summary>
    [Fact]
    public async Task TypeScriptSdk_LargeResultsOfAContract_AreReadWithoutAnError()
    {
        var sdk = Path.Combine(Tools.Folder("clients"), "node_modules", "@modelcontextprotocol", "sdk");
        var said = StrictJson.ParseLenient(await OutsideProgram.RunAsync(Tools.Program("node"), "--input-type=module", "-e", LargeScript, sdk, Host.Origin + "/mcp", Host.Token));
        Assert.Equal("x7", said["text"]!["structuredContent"]!["id"]!.AsString());
        Assert.Equal("resource_link", said["text"]!["content"]![1]!["type"]!.AsString());
        Assert.Null(said["text"]!["isError"]);
        Assert.Equal(JsonValue.True, said["structure"]!["isError"]);
        Assert.StartsWith("The call was done", said["structure"]!["content"]![0]!["text"]!.AsString(), StringComparison.Ordinal);
        Assert.InRange(said["read"]!.AsNumber(), 1200 * 1024, 3000 * 1024);
    }

    [Fact]
    public async Task InspectorCli_ListsAndCalls()
    {
        var inspector = Path.Combine(Tools.Folder("clients"), "node_modules", "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js");
        Task<string> RunAsync(params string[] arguments) => OutsideProgram.RunAsync(
            OutsideProgram.Node, [inspector, "--cli", Host.Origin + "/mcp", "--transport", "http", "--header", "Authorization: Bearer " + Host.Token, .. arguments]);
        Assert.Contains(Tool, await RunAsync("--method", "tools/list"), StringComparison.Ordinal);
        Assert.Contains(Text, await RunAsync("--method", "tools/call", "--tool-name", Tool), StringComparison.Ordinal);
    }
}
