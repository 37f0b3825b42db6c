using Interlock.Http.Mcp;
using Interlock.Http.Mcp.Methods;
using Interlock.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Mcp.Conformance;

/// <summary>An MCP server on loopback that offers what the official suite's scenarios ask for: the upstream of the gateway that is judged.</summary>
internal sealed class FixtureServer : IAsyncDisposable
{
    private static readonly McpCard Card = new("fixture", "1.0.0", null) { Capabilities = Capabilities, NewestCapabilities = Capabilities };

    private readonly WebApplication _app;

    private FixtureServer(WebApplication app) => _app = app;

    private static JsonValue Capabilities => StrictJson.Parse("""{"tools":{},"prompts":{},"resources":{},"completions":{},"logging":{}}""");

    public Uri Address => new(new Uri(_app.Urls.First()), "/mcp");

    /// <param name="changed">What the tools that change the server's lists do.</param>
    public static async Task<FixtureServer> StartAsync(Func<Task> changed)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var endpoint = new McpEndpoint(new McpEndpointOptions(), NullLoggerFactory.Instance, TimeProvider.System);
        var tools = new FixtureTools(changed);
        var methods = new McpMethods(
        [
            new Initialize(Card), new Discover(Card), new Ping(), new SetLevel(),
            Of("tools/list", _ => McpAnswer.Of(Cached("tools", FixtureTools.Contracts))),
            new FixtureMethod("tools/call", tools.CallAsync),
            Of("prompts/list", _ => McpAnswer.Of(Cached("prompts", FixturePrompts.Contracts))),
            Of("prompts/get", FixturePrompts.Get),
            Of("resources/list", _ => McpAnswer.Of(Cached("resources", FixtureResources.Contracts))),
            Of("resources/templates/list", _ => McpAnswer.Of(Cached("resourceTemplates", FixtureResources.Templates))),
            Of("resources/read", FixtureResources.Read),
            Of("completion/complete", _ => McpAnswer.Of(StrictJson.Parse("""{"completion":{"values":["test","testing"],"total":2,"hasMore":false}}"""))),
        ]);
        app.Run(context => endpoint.HandleAsync(context, methods));
        await app.StartAsync();
        return new FixtureServer(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static FixtureMethod Of(string name, Func<McpExchange, McpAnswer> answer) => new(name, (exchange, _) => ValueTask.FromResult(answer(exchange)));

    private static JsonValue Cached(string member, JsonValue items) => JsonValue.Object((member, items), ("ttlMs", 0), ("cacheScope", "private"));
}
