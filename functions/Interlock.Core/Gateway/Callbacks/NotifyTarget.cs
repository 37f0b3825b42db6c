using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Gateway.Callbacks;

/// <summary>
/// Where an agent may tell that a task of it moved, with the secret of that one call. A notification says nothing by itself: it only has the agent asked at once
/// how its task stands.
/// </summary>
public sealed record NotifyTarget(Uri Url, string Secret)
{
    private const string Purpose = "a2a notification";

    /// <summary>The path of the route, then tenant, run and effect.</summary>
    public const string Path = "/a2a";

    public static NotifyTarget Of(Mac mac, Uri origin, TenantId tenant, RunId run, EffectId effect) =>
        new(new Uri(origin, $"{Path}/{tenant}/{run}/{effect}"), mac.Sign(Purpose, Subject(tenant, run, effect)));

    /// <summary>Whether it is the secret of that call.</summary>
    public static bool IsSecretOf(Mac mac, TenantId tenant, RunId run, EffectId effect, string secret) => mac.Verify(Purpose, Subject(tenant, run, effect), secret);

    public override string ToString() => Url.AbsoluteUri;

    private static JsonValue Subject(TenantId tenant, RunId run, EffectId effect) => JsonValue.Array(tenant.Value, run.Value, effect.Value);
}
