using System.Globalization;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Http.Sessions;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Mcp;

/// <summary>
/// What a client brings back with a call that it was told to repeat (<c>requestState</c>): the gate that was opened for it, and how often it was told
/// already. Sealed, and good for the same call of the same caller only. It leads to that gate and grants nothing.
/// </summary>
internal sealed record RequestState(GateId? Gate, int Rounds)
{
    private const string Purpose = "interlock/request-state/v1";
    private const string Member = "requestState";

    private static readonly RequestState None = new(null, 0);

    /// <summary>The state that the message carries, without a gate when it carries none; null when it is not one for this call. Run tokens are given none.</summary>
    public static RequestState? Read(Mac mac, HttpContext context, McpCaller caller, GatewayCall call, bool isKeyed, DateTimeOffset now)
    {
        if (context.Features.Get<McpMessage>()?.Params?[Member] is not { } text) return None;
        if (caller.Token is not null || SealedText.Read(mac, Purpose, text.StringOrNull()) is not { } state || state["for"] != For(call, isKeyed)) return null;
        if (DateTimeOffset.Parse(state["until"]!.AsString(), CultureInfo.InvariantCulture) < now) return null; // sealed, so it has its members
        return new RequestState(new GateId(state["gate"]!.AsString()), (int)state["rounds"]!.AsNumber());
    }

    /// <summary>The state for the next round. It lasts as long as something can come of the gate.</summary>
    public static string Write(Mac mac, GatewayCall call, bool isKeyed, Gate gate, int rounds) => SealedText.Write(mac, Purpose, JsonValue.Object(
        ("gate", gate.Id.Value),
        ("for", For(call, isKeyed)),
        ("rounds", rounds),
        ("until", (gate.Request.ExpiresAt + GrantCheck.Validity).ToString("O", CultureInfo.InvariantCulture))));

    private static string For(GatewayCall call, bool isKeyed) => CanonicalJson.Digest(JsonValue.Array(
        call.Tenant.Value, JsonValue.Array(call.Chain.Subjects.Select(JsonValue.From)), call.Target, call.Arguments, isKeyed ? call.Effect.Value : ""));
}
