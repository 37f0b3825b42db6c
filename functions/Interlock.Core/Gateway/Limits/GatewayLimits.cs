namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// The rates at which calls are admitted; null leaves one out. The principal is who started the chain, in runs too. Global is that of all who share the store, of every
/// tenant. Checked when the gateway is made. A tool's rate is its operator's (<see cref="Registry.ToolSettings.Rate"/>).
/// </summary>
public sealed record GatewayLimits
{
    public static GatewayLimits None { get; } = new() { PerTenant = null, PerPrincipal = null, Global = null };

    public RateLimit? PerTenant { get; init; } = new(100, 2000);

    public RateLimit? PerPrincipal { get; init; } = new(20, 400);

    public RateLimit? Global { get; init; } = new(500, 10_000);

    /// <summary>Whether every rate is in its range.</summary>
    public bool IsValid
    {
        get
        {
            try
            {
                Validate();
                return true;
            }
            catch (ArgumentException)
            {
                return false;
            }
        }
    }

    internal void Validate()
    {
        Global?.Validate(nameof(Global));
        PerTenant?.Validate(nameof(PerTenant));
        PerPrincipal?.Validate(nameof(PerPrincipal));
    }
}
