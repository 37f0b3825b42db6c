namespace Interlock.Core.Gateway;

/// <summary>Reads what an upstream offers, as it shows it. Calls nothing; failures are returned, not thrown.</summary>
public interface IUpstreamDiscovery
{
    Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct);
}
