using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Upstreams;

/// <summary>MCP's handshakes for stub servers; what a tools/call gets is each test's business.</summary>
internal static class McpStub
{
    /// <summary>A server of 2026-07-28: server/discover, no session.</summary>
    public static Task<StubServer> NewestAsync(Func<HttpContext, StubRequest, Task> call, string tools = "[]", string capabilities = """{"tools":{}}""") => StubServer.StartAsync((context, request) =>
        request.Method switch
        {
            "server/discover" => ResultAsync(context, request, $$$$"""
                {"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{{{{capabilities}}}},"instructions":"Be careful.","ttlMs":0,"cacheScope":"private",
                 "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"stub","version":"1"}}}
                """),
            "tools/list" => ResultAsync(context, request, $$"""{"resultType":"complete","tools":{{tools}},"ttlMs":0,"cacheScope":"private"}"""),
            "tools/call" or "prompts/list" or "prompts/get" or "resources/list" or "resources/templates/list" or "resources/read" or "completion/complete" or "tasks/get" or "tasks/update" or "tasks/cancel" => call(context, request),
            _ => AcceptedAsync(context),
        });

    /// <summary>A server of an older revision that hands out sessions s1, s2, …</summary>
    /// <param name="call">Answers tools and tasks.</param>
    /// <param name="answered">Is told of every answer to a request of the server's.</param>
    /// <param name="revision">The revision it speaks.</param>
    /// <param name="deleted">Is told of every session that is given back.</param>
    public static Task<StubServer> SessionsAsync(Func<HttpContext, StubRequest, Task> call, Action<StubRequest>? answered = null, string revision = "2025-06-18", Action<StubRequest>? deleted = null)
    {
        var sessions = 0;
        return StubServer.StartAsync((context, request) =>
        {
            switch (request.Method)
            {
                case "initialize":
                    context.Response.Headers["Mcp-Session-Id"] = $"s{Interlocked.Increment(ref sessions)}";
                    return ResultAsync(context, request, $$$$"""{"protocolVersion":"{{{{revision}}}}","capabilities":{"tools":{}},"serverInfo":{"name":"stub","version":"1"}}""");
                case "tools/list" or "tools/call" or "tasks/get" or "tasks/result" or "tasks/cancel":
                    return call(context, request);
                case "server/discover":
                    return ErrorAsync(context, request, -32601, "no such method");
                case null when (request.Json?["id"]) is not null:
                    answered?.Invoke(request);
                    return AcceptedAsync(context);
                default:
                    if (request.HttpMethod == "DELETE") deleted?.Invoke(request);
                    return AcceptedAsync(context);
            }
        });
    }

    public static Task ResultAsync(HttpContext context, StubRequest request, string result) =>
        JsonAsync(context, $$"""{"jsonrpc":"2.0","id":{{request.Json!["id"]}},"result":{{result}}}""");

    public static Task ErrorAsync(HttpContext context, StubRequest request, int code, string message, int status = 200)
    {
        context.Response.StatusCode = status;
        return JsonAsync(context, $$$"""{"jsonrpc":"2.0","id":{{{request.Json!["id"]}}},"error":{"code":{{{code}}},"message":{{{JsonValue.From(message)}}}}}""");
    }

    public static Task JsonAsync(HttpContext context, string body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    }

    private static Task AcceptedAsync(HttpContext context)
    {
        context.Response.StatusCode = 202;
        return Task.CompletedTask;
    }
}
