using Interlock.Http.Mcp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Samples.DemoServers;

/// <summary>
/// The servers and agents that the sample workflows call, in one process: MCP servers for ticketing, monitoring, remediation and chat,
/// an A2A agent that classifies tickets, and an OpenAI-compatible endpoint of scripted models. State is in memory and readable through <see cref="State"/>.
/// </summary>
public sealed class DemoServers : IAsyncDisposable
{
    private readonly WebApplication _app;

    private DemoServers(WebApplication app, Uri origin, DemoState state)
    {
        (_app, State) = (app, state);
        Ticketing = new Uri(origin, "/ticketing/mcp");
        Monitoring = new Uri(origin, "/monitoring/mcp");
        Remediation = new Uri(origin, "/remediation/mcp");
        Chat = new Uri(origin, "/chat/mcp");
        Classifier = new Uri(origin, "/classifier");
        Models = new Uri(origin, "/models/v1");
    }

    public Uri Ticketing { get; }

    public Uri Monitoring { get; }

    public Uri Remediation { get; }

    public Uri Chat { get; }

    public Uri Classifier { get; }

    /// <summary>The base address of the scripted models.</summary>
    public Uri Models { get; }

    public DemoState State { get; }

    /// <summary>Starts all of them; they stop when disposed.</summary>
    public static async Task<DemoServers> StartAsync(DemoServersOptions options, CancellationToken ct = default)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(options.Url);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var app = builder.Build();

        var state = new DemoState();
        MapMcp(app, "ticketing", TicketingTools.All, state, options);
        MapMcp(app, "monitoring", MonitoringTools.All(state), state, options);
        MapMcp(app, "remediation", RemediationTools.All(state, options), state, options);
        MapMcp(app, "chat", ChatTools.All(state), state, options);
        var agent = new ClassifierAgent(state);
        app.MapPost("/classifier", agent.HandleAsync);
        app.MapPost("/models/v1/chat/completions", new ScriptedModels(state).HandleAsync);

        Uri? origin = null;
        app.MapGet("/classifier/.well-known/agent-card.json", context =>
            JsonBody.WriteAsync(context, ClassifierAgent.Card(new Uri(origin!, "/classifier")))); // set before anyone knows the port
        await app.StartAsync(ct);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.First()
            ?? throw new InvalidOperationException("The server has no address.");
        origin = new Uri(address);
        return new DemoServers(app, origin, state);
    }

    /// <summary>Completes when the process is asked to stop (Ctrl+C, SIGTERM).</summary>
    public Task WaitForShutdownAsync() => _app.WaitForShutdownAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static void MapMcp(IEndpointRouteBuilder app, string name, IReadOnlyList<DemoTool> tools, DemoState state, DemoServersOptions options)
    {
        var endpoint = new McpEndpoint(
            new McpEndpointOptions { Name = name }, app.ServiceProvider.GetRequiredService<ILoggerFactory>(), TimeProvider.System);
        var source = new DemoToolSource(tools, state, options);
        var methods = endpoint.Serve(source);
        app.Map($"/{name}/mcp", context => endpoint.HandleAsync(context, methods));
    }
}
