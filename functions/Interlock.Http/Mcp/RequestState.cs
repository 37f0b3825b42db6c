using System.Globalization;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Http.Sessions;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// What a client brings back with a call that it was told to repeat (<c>requestState</c>): the gate that was opened for it, or the effect whose upstream asked
/// for something, with that upstream and its own state; and how often it was told already. Sealed, and good for the same call of the same caller only. It
/// grants nothing.
/// </summary>
internal sealed record RequestState(GateId? Gate, int Rounds)
{
    public const int MaxUpstreamState = 32 * 1024;
    public const string Member = "requestState";

    private const string Purpose = "interlock/request-state/v1";
    private const int MaxLength = 64 * 1024;

    public static RequestState None { get; } = new(null, 0);

    /// <summary>The call that its upstream asked something for.</summary>
    public EffectId? Effect { get; init; }

    /// <summary>The registration of the upstream that asked.</summary>
    public string? Upstream { get; init; }

    /// <summary>The upstream's own state.</summary>
    public string? Inner { get; init; }

    /// <summary>Whether the upstream asked, and not a gate.</summary>
    public bool IsUpstreams => Effect is not null;

    /// <summary>The state that the message carries, without a gate when it carries none; null when it is not one for this call. Run tokens are given none.</summary>
    public static RequestState? Read(Mac mac, McpExchange exchange, McpCaller caller, GatewayCall call, bool isKeyed, DateTimeOffset now)
    {
        if (exchange.Params[Member] is not { } text) return None;
        if (caller.Token is not null || SealedText.Read(mac, Purpose, text.StringOrNull(), MaxLength) is not { } state || state["for"] != For(call, isKeyed)) return null;
        if (DateTimeOffset.Parse(state["until"]!.AsString(), CultureInfo.InvariantCulture) < now) return null; // sealed, so it has its members
        return new RequestState(state["gate"] is { } gate ? new GateId(gate.AsString()) : null, (int)state["rounds"]!.AsNumber())
        {
            Effect = state["effect"] is { } effect ? new EffectId(effect.AsString()) : null,
            Upstream = state["upstream"]?.AsString(),
            Inner = state["inner"]?.AsString(),
        };
    }

    /// <summary>The text to give to the client.</summary>
    /// <param name="mac">Seals it.</param>
    /// <param name="call">The call it is for.</param>
    /// <param name="isKeyed">Whether the call's effect is that of the client's idempotency key.</param>
    /// <param name="until">How long something can come of it.</param>
    public string Write(Mac mac, GatewayCall call, bool isKeyed, DateTimeOffset until)
    {
        var state = JsonValue.Object(("for", For(call, isKeyed)), ("rounds", Rounds), ("until", until.ToString("O", CultureInfo.InvariantCulture)));
        if (Gate is { } gate) state = state.With("gate", gate.Value);
        if (Effect is { } effect) state = state.With("effect", effect.Value);
        if (Upstream is not null) state = state.With("upstream", Upstream);
        if (Inner is not null) state = state.With("inner", Inner);
        return SealedText.Write(mac, Purpose, state);
    }

    private static string For(GatewayCall call, bool isKeyed) => CanonicalJson.Digest(JsonValue.Array(
        call.Tenant.Value, JsonValue.Array(call.Chain.Subjects.Select(JsonValue.From)), call.Target, call.Arguments, isKeyed ? call.Effect.Value : ""));
}
