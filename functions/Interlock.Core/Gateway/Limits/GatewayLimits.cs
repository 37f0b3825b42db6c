namespace Interlock.Core.Gateway.Limits;

/// <summary>The rates at which calls are admitted; null leaves one out. The principal is who started the chain, in runs too. Checked when the gateway is made.</summary>
public sealed record GatewayLimits
{
    public static GatewayLimits None { get; } = new() { PerTenant = null, PerPrincipal = null };

    public RateLimit? PerTenant { get; init; } = new(100, 2000);

    public RateLimit? PerPrincipal { get; init; } = new(20, 400);

    internal void Validate()
    {
        PerTenant?.Validate(nameof(PerTenant));
        PerPrincipal?.Validate(nameof(PerPrincipal));
    }
}
