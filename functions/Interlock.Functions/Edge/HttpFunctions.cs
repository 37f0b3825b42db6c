using Interlock.Functions.Runs;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Interlock.Functions.Edge;

/// <summary>
/// Every HTTP request, into the one pipeline. A route here only says that a path is the app's; what is there, methods included, the pipeline
/// knows, so no trigger names any: the host would answer others itself, with a bare 404. Keys of Functions protect nothing: the pipeline authenticates.
/// </summary>
public sealed class HttpFunctions(WebPipeline pipeline, DurableScheduler scheduler)
{
    /// <summary>The root: a parameter that is always empty, because an empty route would be the function's name.</summary>
    private const string Root = "{none:maxlength(0)?}";

    [Function("mcp")]
    public Task McpAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "mcp/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("a2a")]
    public Task AgentsAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "a2a/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("api")]
    public Task ApiAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "api/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("well-known")]
    public Task WellKnownAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = ".well-known/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("overview")]
    public Task OverviewAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = Root)] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("signin")]
    public Task SignInAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "signin/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("signout")]
    public Task SignOutAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "signout")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("runs")]
    public Task RunsAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "runs/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("approvals")]
    public Task ApprovalsAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "approvals/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("assets")]
    public Task AssetsAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "assets/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("schemas")]
    public Task SchemasAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "schemas/{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    [Function("healthz")]
    public Task HealthAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "healthz")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        HandleAsync(request, client);

    private Task HandleAsync(HttpRequest request, DurableTaskClient client)
    {
        scheduler.Use(client);
        return pipeline.HandleAsync(request.HttpContext);
    }
}
