namespace Interlock.Core.Gateway.Resilience;

/// <summary>Asks whether an upstream is there, by the cheapest request that its protocol has.</summary>
public interface IUpstreamHealth
{
    /// <summary>Null when it answers, whatever it answers, or when only a caller's own token could tell; else why it counts as away. Nothing is thrown but cancellation.</summary>
    Task<Problem?> CheckAsync(UpstreamEndpoint endpoint, CancellationToken ct);
}
