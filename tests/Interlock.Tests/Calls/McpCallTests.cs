using Interlock.Core.Audit;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Tests.Mcp;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Calls;

/// <summary><c>call: mcp</c> and <c>call: a2a</c> by where the server or agent is.</summary>
public sealed class McpCallTests : IAsyncDisposable
{
    private readonly CallsFixture _host = new();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Mcp_ToolsCall_GivesTheWholeResult()
    {
        await _host.InitializeAsync();
        await using var server = await EndpointFixture.StartAsync();
        Assert.IsType<RegistryResult.Changed>(await _host.Services.Registry.RegisterServerAsync(_host.Dana, "stub", server.Address, CallsFixture.Token));
        var state = await _host.RunAsync($$"""
              - say:
                  call: mcp
                  with:
                    method: tools/call
                    parameters: { name: echo, arguments: { text: '${ .word }' } }
                    transport: { http: { endpoint: '{{server.Address}}' } }
            """, """{"word":"hello"}""");
        Assert.Equal(RunStatus.Completed, state.Status);
        Assert.True(state.Output?["content"]?.IsArray == true || state.Output?["structuredContent"] is not null, state.Output?.ToString());
        var intent = Assert.Single(await _host.RecordsAsync(state.Id, AuditTypes.CallIntent));
        Assert.Equal(("stub/echo", $"mcp:{server.Address}#echo"), (intent.Target, intent.Via));
    }

    [Fact]
    public async Task Mcp_AtAnHttpEndpointOrNowhere_IsUnregistered()
    {
        await _host.InitializeAsync();
        const string Call = "  - a: { call: mcp, with: { method: tools/call, parameters: { name: GET, arguments: { path: /v2/x } }, transport: { http: { endpoint: 'AT' } } } }";
        await _host.AssertRefusedAsync(await _host.RunAsync(Call.Replace("AT", "ORIGIN/v2", StringComparison.Ordinal)), "endpoint-unregistered");
        await _host.AssertRefusedAsync(await _host.RunAsync(Call.Replace("AT", "STRAY/mcp", StringComparison.Ordinal)), "endpoint-unregistered");
    }

    [Theory]
    [InlineData("agentCard: { endpoint: 'AGENT/.well-known/agent-card.json' }")]
    [InlineData("server: 'AGENT'")]
    [InlineData("server: { uri: 'AGENT/' }")]
    public async Task A2a_MessageSend_SendsItsParts(string named)
    {
        await _host.InitializeAsync();
        Uri? address = null;
        await using var agent = await StubServer.StartAsync((context, request) => context.Response.WriteAsJsonAsync(request.HttpMethod == "GET"
            ? (object)new { name = "reporter", url = address!.AbsoluteUri }
            : new { jsonrpc = "2.0", id = request.Json!["id"]!.AsString(), result = new { kind = "message", role = "agent", messageId = "1", parts = new[] { new { kind = "text", text = "done" } } } }));
        address = new Uri(agent.Address.GetLeftPart(UriPartial.Authority) + "/agent");
        Assert.IsType<RegistryResult.Changed>(await _host.Services.Registry.RegisterAgentAsync(_host.Dana, "reporter", "1.0.0", address, CallsFixture.Token));
        agent.Requests.Clear();
        var state = await _host.RunAsync($$"""
              - report:
                  call: a2a
                  with:
                    method: message/send
                    {{named.Replace("AGENT", address.AbsoluteUri, StringComparison.Ordinal)}}
                    parameters: { message: { parts: [ { kind: text, text: '${ "Report " + .quarter }' } ] } }
            """, """{"quarter":"Q1"}""");
        Assert.Equal(RunStatus.Completed, state.Status);
        Assert.Equal("done", state.Output?["parts"]?[0]?["text"]?.AsString());
        var message = Assert.Single(agent.Requests).Json?["params"]?["message"];
        Assert.Equal("""[{"kind":"text","text":"Report Q1"}]""", message?["parts"]?.ToString());
        Assert.Equal("reporter", Assert.Single(await _host.RecordsAsync(state.Id, AuditTypes.CallIntent)).Target);
    }

    [Fact]
    public async Task A2a_Unregistered_IsNotCalled()
    {
        await _host.InitializeAsync();
        await _host.AssertRefusedAsync(
            await _host.RunAsync("  - a: { call: a2a, with: { method: message/send, server: STRAY/agent, parameters: { message: { parts: [ { kind: text, text: hi } ] } } } }"), "endpoint-unregistered");
    }
}
