using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// What a run token is good for: one frame of one run, and the tools of its pool. Whether that frame is still pending is asked at
/// every call; the token only names it.
/// </summary>
public sealed record RunTokenClaims(TenantId Tenant, RunId Run, FrameId Frame, ImmutableArray<ToolName> Pool)
{
    /// <summary>The call of the agent that the token was made for; without one, whatever its frame waits for.</summary>
    public EffectId? Call { get; init; }

    /// <summary>The version of the agent that was called; its token's holder is the agent.</summary>
    public string? AgentVersion { get; init; }

    public bool Permits(ToolName tool) => Pool.Contains(tool);

    /// <summary>Claims for a frame at or below this one with a pool inside this one, or null when they would widen it (<c>widening</c>).</summary>
    public RunTokenClaims? Narrow(FrameId frame, ImmutableArray<ToolName> pool)
    {
        if (!Holds(frame) || pool.IsDefault || pool.Any(tool => !Permits(tool))) return null;
        return this with { Frame = frame, Pool = pool };
    }

    /// <summary>The members of a run token that carry these claims; the tenant is its <c>tid</c>.</summary>
    internal JsonValue AddTo(JsonValue claims)
    {
        claims = claims.With("run", Run.Value).With("frame", Frame.Value).With("pool", JsonValue.Array(Pool.Select(tool => JsonValue.From(tool.Value))));
        if (Call is { } call) claims = claims.With("call", call.Value);
        return AgentVersion is null ? claims : claims.With("agent_version", AgentVersion);
    }

    internal static RunTokenClaims? Read(TenantId tenant, JsonValue claims)
    {
        if (claims["run"]?.StringOrNull() is not { Length: > 0 } run || claims["frame"]?.StringOrNull() is not { } frame) return null;
        if (claims["pool"] is not { IsArray: true } pool || pool.Items.Any(tool => tool.StringOrNull()?.Contains('/') != true)) return null;
        if (claims["call"] is { IsString: false } || claims["agent_version"] is { IsString: false }) return null;
        return new(tenant, new RunId(run), new FrameId(frame), [.. pool.Items.Select(tool => new ToolName(tool.AsString()))])
        {
            Call = claims["call"]?.AsString() is { } call ? new EffectId(call) : null,
            AgentVersion = claims["agent_version"]?.AsString(),
        };
    }

    /// <summary>A frame lies at or below this one when its id goes on with a path step, an iteration or a repeated visit.</summary>
    private bool Holds(FrameId frame) =>
        frame.Value.StartsWith(Frame.Value, StringComparison.Ordinal)
        && (frame.Value.Length == Frame.Value.Length || frame.Value[Frame.Value.Length] is '/' or '@' or '#');
}
