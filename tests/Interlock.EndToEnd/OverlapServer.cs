using System.Net.Mime;
using System.Text;
using Interlock.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Interlock.EndToEnd;

/// <summary>
/// An MCP server with one tool, which only one run at a time may be in: it sees who is in it together, and calls under a lock whose number is below one that it saw. Until it is
/// opened nobody gets through.
/// </summary>
internal sealed class OverlapServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _inside = new(StringComparer.Ordinal);
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _highest;

    private OverlapServer(WebApplication app) => _app = app;

    public Uri Address => new(new Uri(_app.Urls.First()), "/mcp");

    /// <summary>How often a call came while another one's was in it.</summary>
    public int Overlaps { get; private set; }

    /// <summary>How often a call came under a number that was over.</summary>
    public int Late { get; private set; }

    /// <summary>How many different calls were done; a repeat under the same idempotency key is none.</summary>
    public int Done
    {
        get
        {
            lock (_lock) return _done.Count;
        }
    }

    public static async Task<OverlapServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new OverlapServer(builder.Build());
        server._app.MapPost("/mcp", server.AnswerAsync);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public void Open() => _open.TrySetResult();

    public ValueTask DisposeAsync()
    {
        Open();
        return _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var request = StrictJson.ParseLenient(body.ToArray());
        var result = request["method"]?.StringOrNull() switch
        {
            "server/discover" => """{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"locks","version":"1"}}}""",
            "tools/list" => """{"resultType":"complete","tools":[{"name":"work","description":"Works.","inputSchema":{"type":"object"}}],"ttlMs":0,"cacheScope":"private"}""",
            "tools/call" => await WorkAsync(request["params"]!["_meta"]!, context.RequestAborted), // a call has both
            _ => null,
        };
        if (result is null)
        {
            context.Response.StatusCode = 202;
            return;
        }
        context.Response.ContentType = MediaTypeNames.Application.Json;
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":{{request["id"]}},"result":{{result}}}"""));
    }

    private async Task<string> WorkAsync(JsonValue meta, CancellationToken aborted)
    {
        var (key, fence) = (meta["interlock/idempotencyKey"]!.AsString(), (long)meta["interlock/fence"]!["shop"]!.AsNumber()); // the gateway sends both
        lock (_lock)
        {
            if (_inside.Any(other => other.Key != key && other.Value > 0)) Overlaps++;
            if (fence < _highest) Late++;
            _highest = Math.Max(_highest, fence);
            _inside[key] = _inside.GetValueOrDefault(key) + 1;
        }
        try
        {
            await _open.Task.WaitAsync(aborted);
            await Task.Delay(1, aborted);
        }
        finally
        {
            lock (_lock)
            {
                _inside[key]--;
                _done.Add(key);
            }
        }
        return """{"resultType":"complete","content":[{"type":"text","text":"done"}]}""";
    }
}
