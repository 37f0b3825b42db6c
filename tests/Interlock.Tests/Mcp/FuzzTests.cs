using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Interlock.Core.Identity;
using Interlock.Tests.Gateway;
using Interlock.Tests.Web;

namespace Interlock.Tests.Mcp;

/// <summary>
/// Thousands of broken bodies and headers over real connections: never a 5xx, never a hang, never a call upstream. What is broken is chosen by a seed, which a
/// failure names; <c>INTERLOCK_FUZZ</c> sets it, and how many are tried.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Cases = 4000;

    private static readonly string[] Bodies =
    [
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"crm__drop","arguments":{"service":"mail"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{"url":{}}},"progressToken":1},"requestState":"eyJ4IjoxfQ.AAAA","inputResponses":{"approval":{"action":"accept"}}}}""",
        """{"jsonrpc":"2.0","id":"x","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{"url":{}}},"clientInfo":{"name":"a","version":"1"}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"crm://a/{b}","_meta":{"interlock/server":"crm","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"a://{b}"},"argument":{"name":"b","value":"c"},"context":{"arguments":{}}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"crm__greet","arguments":{"who":"x"}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"0123456789abcdef0123456789abcdef","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}""",
        """{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"info"}}""",
        """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""",
        """{"jsonrpc":"2.0","id":1,"result":{}}""",
    ];

    /// <summary>What stands in for a piece of a body.</summary>
    private static readonly string[] Pieces =
    [
        "null", "true", "-0", "1e400", "9007199254740993", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "[]", "{}", "[[[[[[", "{\"a\":1,\"a\":2}", "\"" + new string('x', 5000) + "\"", "\u202e", "\"__proto__\"",
        "\"tools/call\"", "\"subscriptions\"", "2026-07-28", "\"NAME\":1,", ",", ":", "}", "{", "\"", "\\", "\r\n", "\0",
    ];

    private static readonly string[] Values = ["", " ", "2026-07-28", "2025-11-25", "2024-11-05", "1999-01-01", "tools/call", "tools/list", "=?base64?!?=", "=?base64?Y3JtX19kcm9w?=", "crm__drop", "é", "a,b", "*/*", "text/html", "application/json;q=x", new('h', 3000), "gzip", "url-elicitation-x"];

    private static readonly string[] Headers = ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id", "Accept", "Content-Type", "Content-Encoding", "Origin", "Mcp-Param-X", "Last-Event-ID", "traceparent", "Expect"];

    private readonly LocalIssuer _issuer = LocalIssuer.Create("test", TimeProvider.System);
    private World? _world;
    private McpInstance? _one;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _world.Time.Now = DateTimeOffset.UtcNow; // tokens are of today
        _one = await McpInstance.StartAsync(_world, _issuer, null);
    }

    public async ValueTask DisposeAsync()
    {
        await _one!.DisposeAsync(); // set before
        await _world!.DisposeAsync();
        _issuer.Dispose();
    }

    [Fact]
    public async Task Mcp_BrokenRequests_AreRefusedInTimeAndReachNobody()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("INTERLOCK_FUZZ"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var statuses = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var token = _one!.Token(_world!.Ana);
        for (var i = 0; i < Cases; i++)
        {
            var request = Broken(new Random(unchecked((seed * 31) + i)), token); // each case by itself
            var status = await SendAsync(request.Bytes, request.IsCut);
            Assert.False(status.StartsWith('5') || status == "hang", $"seed {seed}, case {i}: {status} for\n{Encoding.UTF8.GetString(request.Bytes)}");
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
        }
        output.WriteLine(string.Join(", ", statuses.Select(status => $"{status.Value} times {status.Key}")));
        Assert.Empty(_world.Upstream.Calls);
    }

    /// <summary>A request's bytes: a good one in which some things are changed; and whether less comes than it says.</summary>
    private static (byte[] Bytes, bool IsCut) Broken(Random random, string token)
    {
        var body = Body(random);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["Host"] = "127.0.0.1", ["Authorization"] = "Bearer " + token, ["Accept"] = "application/json, text/event-stream", ["Content-Type"] = "application/json", ["Connection"] = "close",
        };
        if (random.Next(2) == 0) (headers["MCP-Protocol-Version"], headers["Mcp-Method"]) = ("2026-07-28", "tools/call");
        for (var i = random.Next(3); i > 0; i--) headers[Headers[random.Next(Headers.Length)]] = Values[random.Next(Values.Length)];
        var length = random.Next(12) switch { 0 => body.Length + 1 + random.Next(50), 1 => Math.Max(0, body.Length - 1 - random.Next(50)), _ => body.Length };
        var chunked = random.Next(8) == 0;
        if (chunked) headers["Transfer-Encoding"] = "chunked";
        else headers["Content-Length"] = random.Next(60) == 0 ? "-1" : length.ToString(CultureInfo.InvariantCulture);
        var method = random.Next(20) switch { 0 => "GET", 1 => "DELETE", 2 => "POS T", _ => "POST" };
        var path = random.Next(10) switch { 0 => "/mcp/crm", 1 => "/mcp/%2e%2e", 2 => "/mcp/" + new string('s', 400), _ => "/mcp" };
        var head = $"{method} {path} HTTP/1.1\r\n{string.Concat(headers.Select(header => $"{header.Key}: {header.Value}\r\n"))}\r\n";
        if (!chunked) return ([.. Encoding.UTF8.GetBytes(head), .. body], length > body.Length);
        var size = random.Next(6) == 0 ? "zz" : body.Length.ToString("x", CultureInfo.InvariantCulture);
        return ([.. Encoding.UTF8.GetBytes(head + size + "\r\n"), .. body, .. "\r\n0\r\n\r\n"u8], false);
    }

    private static byte[] Body(Random random)
    {
        var body = Encoding.UTF8.GetBytes(Bodies[random.Next(Bodies.Length)]).ToList();
        for (var i = random.Next(4); i > 0 && body.Count > 2; i--)
        {
            var at = random.Next(body.Count);
            var count = Math.Min(random.Next(1, 30), body.Count - at);
            switch (random.Next(5))
            {
                case 0: body[at] = (byte)random.Next(256); break;
                case 1: body.RemoveRange(at, count); break;
                case 2: body.InsertRange(at, body.GetRange(at, count)); break;
                case 3: body.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)])); break;
                default: Replace(body, random); break;
            }
        }
        return [.. body];
    }

    /// <summary>Puts something else in the place of one of the values.</summary>
    private static void Replace(List<byte> body, Random random)
    {
        var colons = body.Select((value, index) => (value, index)).Where(item => item.value == ':').Select(item => item.index).ToList();
        if (colons.Count == 0) return;
        var start = colons[random.Next(colons.Count)] + 1;
        var end = body.FindIndex(start, value => value is (byte)',' or (byte)'}');
        if (end < 0) return;
        body.RemoveRange(start, end - start);
        body.InsertRange(start, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
    }

    /// <summary>The status of the answer; <c>closed</c> when there is none, <c>hang</c> when nothing happens.</summary>
    private async Task<string> SendAsync(byte[] request, bool isCut)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", _one!.Address.Port, patience.Token); // set before
        try
        {
            await using var stream = client.GetStream();
            await stream.WriteAsync(request, patience.Token);
            if (isCut) client.Client.Shutdown(SocketShutdown.Send); // what is missing does not come
            using var reader = new StreamReader(stream, Encoding.Latin1);
            return (await reader.ReadToEndAsync(patience.Token)) is { Length: > 12 } answer ? answer[9..12] : "closed";
        }
        catch (IOException)
        {
            return "closed";
        }
        catch (SocketException)
        {
            return "closed";
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            return "hang";
        }
    }
}
