using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Interlock.Tests.Upstreams;

/// <summary>An HTTP server on loopback that answers as a test says and keeps every body it received.</summary>
internal sealed class StubServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StubServer(WebApplication app) => _app = app;

    public ConcurrentQueue<StubRequest> Requests { get; } = new();

    public Uri Address => new(new Uri(_app.Urls.First()), "/mcp");

    public static async Task<StubServer> StartAsync(Func<HttpContext, StubRequest, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new StubServer(builder.Build());
        server._app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var request = new StubRequest(context.Request.Method, context.Request.Path, body.ToArray(), context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)) { Query = context.Request.QueryString.Value ?? "" };
            server.Requests.Enqueue(request);
            await answer(context, request);
        });
        await server._app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

internal sealed record StubRequest(string HttpMethod, string Path, byte[] Body, IReadOnlyDictionary<string, string> Headers)
{
    public Interlock.Json.JsonValue? Json => Body.Length == 0 ? null : Interlock.Json.StrictJson.Parse(Body);

    public string Query { get; init; } = "";

    public string? Method => Json?["method"]?.StringOrNull();
}
