using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Interlock.Http.Mcp;
using Interlock.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Interlock.Tests.Mcp;

/// <summary>An <see cref="McpEndpoint"/> on loopback over a source that records what reaches it.</summary>
internal sealed class EndpointFixture : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EndpointFixture(WebApplication app, RecordingSource source) => (_app, Source) = (app, source);

    public RecordingSource Source { get; }

    public HttpClient Http { get; } = new();

    public Uri Address => new(new Uri(_app.Urls.First()), "/mcp");

    public static async Task<EndpointFixture> StartAsync(McpEndpointOptions? options = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var endpoint = new McpEndpoint(options ?? new(), NullLoggerFactory.Instance, TimeProvider.System);
        var source = new RecordingSource();
        var methods = endpoint.Serve(source);
        app.Run(context => endpoint.HandleAsync(context, methods));
        await app.StartAsync();
        return new(app, source);
    }

    public Task<McpClient> ConnectAsync(string? version = null) => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions { Endpoint = Address, TransportMode = HttpTransportMode.StreamableHttp }),
        new McpClientOptions { ProtocolVersion = version });

    public static HttpRequestMessage Post(Uri address, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        return request;
    }

    public async Task<(int Status, string Body)> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    public Task<(int Status, string Body)> PostAsync(string body) => SendAsync(Post(Address, body));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}

internal sealed class RecordingSource : IMcpToolSource
{
    public ConcurrentQueue<(string Name, JsonValue Arguments)> Calls { get; } = new();

    /// <summary>The trace contexts that came with calls: in the header and in <c>_meta</c>.</summary>
    public ConcurrentQueue<(string? Header, string? Meta)> Traces { get; } = new();

    /// <summary>What the tool <c>slow</c> waits for.</summary>
    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Set when the tool <c>slow</c> was asked to stop.</summary>
    public TaskCompletionSource Stopped { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ValueTask<IReadOnlyList<Tool>> ListAsync(HttpContext context, CancellationToken ct) => ValueTask.FromResult<IReadOnlyList<Tool>>(
    [
        new() { Name = "echo", Description = "Echoes.", InputSchema = JsonSerializer.Deserialize<JsonElement>("""{"type":"object"}""") },
        new() { Name = "slow", InputSchema = JsonSerializer.Deserialize<JsonElement>("""{"type":"object"}""") },
        new()
        {
            Name = "remove",
            Description = "Removes so many.",
            InputSchema = JsonSerializer.Deserialize<JsonElement>("""{"type":"object","required":["count"],"properties":{"count":{"type":"integer","maximum":5}}}"""),
            Annotations = new() { DestructiveHint = true, OpenWorldHint = false },
        },
    ]);

    public async ValueTask<CallToolResult> CallAsync(HttpContext context, string name, JsonValue arguments, CancellationToken ct)
    {
        Calls.Enqueue((name, arguments));
        Traces.Enqueue((context.Request.Headers.TraceParent.ToString(), context.Features.Get<McpMessage>()?.Meta?["traceparent"]?.StringOrNull()));
        if (name == "refused" || arguments["count"] == JsonValue.From(0)) throw new McpException("Not now.");
        if (name == "absent") throw new McpProtocolException("No such tool.", McpErrorCode.InvalidParams);
        if (name == "slow")
        {
            try
            {
                await Gate.Task.WaitAsync(ct);
            }
            catch (OperationCanceledException)
            {
                Stopped.TrySetResult();
                throw;
            }
        }
        return new() { StructuredContent = JsonSerializer.Deserialize<JsonElement>(arguments.ToString()), Content = [new TextContentBlock { Text = "ok" }] };
    }
}
