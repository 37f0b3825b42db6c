using System.Net;

namespace Interlock.Http.Upstreams;

/// <summary>
/// What outbound requests may reach beyond public addresses. Private, loopback, link-local, multicast, reserved and platform
/// addresses are denied unless allowed here; the metadata and platform addresses (169.254.0.0/16, 168.63.129.16) only by
/// <see cref="AllowedNetworks"/>.
/// </summary>
public sealed record EgressOptions
{
    /// <summary>Allows 127.0.0.0/8 and ::1, for local work and tests.</summary>
    public bool AllowLoopback { get; init; }

    /// <summary>Host names whose private (never loopback, link-local or platform) addresses are allowed.</summary>
    public IReadOnlyCollection<string> AllowedHosts { get; init; } = [];

    /// <summary>Networks that are allowed whatever they are.</summary>
    public IReadOnlyCollection<IPNetwork> AllowedNetworks { get; init; } = [];

    /// <summary>The largest response body in bytes, at least 1.</summary>
    public long MaxResponseBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>How long one connection attempt may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxResponseBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero);
    }
}
