using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Resilience;

namespace Interlock.Http.Upstreams;

/// <summary>Sends calls and discovery to the upstream that speaks the endpoint's protocol.</summary>
public sealed class UpstreamRouter(McpUpstream mcp, A2aUpstream a2a, HttpUpstream http, ChatUpstream chat) : IUpstream, IUpstreamDiscovery, IUpstreamHealth
{
    public Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct) => call.Endpoint.Kind switch
    {
        UpstreamKind.Mcp => mcp.InvokeAsync(call, ct),
        UpstreamKind.A2a => a2a.InvokeAsync(call, ct),
        UpstreamKind.Http => http.InvokeAsync(call, ct),
        UpstreamKind.Chat => chat.InvokeAsync(call, ct),
        var kind => throw new ArgumentOutOfRangeException(nameof(call), kind, "Unknown kind of upstream."),
    };

    /// <summary>Only MCP servers are checked.</summary>
    public Task<Problem?> CheckAsync(UpstreamEndpoint endpoint, CancellationToken ct) => endpoint.Kind == UpstreamKind.Mcp ? mcp.CheckAsync(endpoint, ct) : Task.FromResult<Problem?>(null);

    public Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct) => endpoint.Kind switch
    {
        UpstreamKind.Mcp => mcp.DiscoverAsync(endpoint, ct),
        UpstreamKind.A2a => a2a.DiscoverAsync(endpoint, ct),
        UpstreamKind.Http => http.DiscoverAsync(endpoint, ct),
        UpstreamKind.Chat => chat.DiscoverAsync(endpoint, ct),
        var kind => throw new ArgumentOutOfRangeException(nameof(endpoint), kind, "Unknown kind of upstream."),
    };
}
