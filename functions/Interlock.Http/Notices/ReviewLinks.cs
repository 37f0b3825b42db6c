using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Http.Sessions;
using Interlock.Json;

namespace Interlock.Http.Notices;

/// <summary>
/// Signed links that lead to one gate's review page and do nothing else: whoever opens one still signs in, and decides as themselves. A link is one
/// tenant's, names the channel it was sent through, and ends thirty days after its gate expires.
/// </summary>
internal sealed class ReviewLinks(Mac mac)
{
    public const string Route = "/approvals/open/{token}";

    private const string Purpose = "interlock/link/v1";

    private static readonly TimeSpan Afterwards = TimeSpan.FromDays(30);

    /// <summary>The path of the link; the same each time.</summary>
    public string Path(Gate gate, string channel)
    {
        var until = (gate.Request.ExpiresAt + Afterwards).ToUnixTimeSeconds();
        var body = JsonValue.Object(("t", gate.Tenant.Value), ("g", gate.Id.Value), ("c", channel), ("x", until));
        return Route.Replace("{token}", SealedText.Write(mac, Purpose, body), StringComparison.Ordinal);
    }

    /// <summary>Where a link leads, or null when we did not make it.</summary>
    public ReviewLink? Read(string? token)
    {
        var body = SealedText.Read(mac, Purpose, token);
        return body?["t"]?.StringOrNull() is { } tenant && body["g"]?.StringOrNull() is { } gate && body["x"] is { IsNumber: true } until
            ? new ReviewLink(new TenantId(tenant), new GateId(gate), DateTimeOffset.FromUnixTimeSeconds((long)until.AsNumber()))
            : null;
    }
}

/// <summary>What a link of ours says.</summary>
internal sealed record ReviewLink(TenantId Tenant, GateId Gate, DateTimeOffset Until);
