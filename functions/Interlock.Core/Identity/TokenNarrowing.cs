namespace Interlock.Core.Identity;

/// <summary>
/// Mints a narrower token from a wider one of the same holder, tenant and class: fewer tools, a shorter life, for run tokens also a frame below its own. Never wider in any
/// of them (<c>widening</c>), and only so often (<c>hop-limit</c>).
/// </summary>
public sealed class TokenNarrowing(LocalIssuer issuer, TimeProvider time)
{
    public const string WideningRule = "widening";
    public const string DepthRule = "hop-limit";

    /// <param name="from">The verified wider token.</param>
    /// <param name="tools">Patterns of tools; null keeps those of the wider token.</param>
    /// <param name="lifetime">How long it lives; null lives as long as the wider token.</param>
    /// <param name="frame">For a run token, the frame it is good for; null keeps its own.</param>
    public NarrowResult Narrow(VerifiedToken from, IReadOnlyList<string>? tools, TimeSpan? lifetime, FrameId? frame)
    {
        if (from.Issuer != issuer.Issuer || from.Class is not (TokenClass.Mcp or TokenClass.Run)) return Wider("Only tokens of this installation for /mcp are narrowed.");
        var left = from.ExpiresAt - time.GetUtcNow();
        if (left <= TimeSpan.Zero) return new NarrowResult.Refused(TokenRules.Time, "The token has expired; get a new one.");
        if (lifetime > left) return Wider($"The token lives for {(long)left.TotalSeconds} more seconds, and no token made from it lives longer.");
        if (lifetime <= TimeSpan.Zero) return Wider("A token lives for a second at least.");
        var depth = (from.Scope?.Depth ?? 0) + 1;
        if (depth > TokenScope.MaxDepth) return new NarrowResult.Refused(DepthRule, $"The token was narrowed {TokenScope.MaxDepth} times already.");
        var scope = TokenScope.Of(tools ?? [.. from.Scope?.Tools.Select(pattern => pattern.Text) ?? ["*/*"]], depth);
        if (scope is null) return new NarrowResult.Refused(TokenRules.Claims, $"Tools are named by 1 to {TokenScope.MaxPatterns} patterns server/tool.");
        if (from.Scope is { } wider && !wider.Holds(scope)) return Wider($"The token is for {wider}.");
        var run = from.Run;
        if (frame is not null && run is null) return Wider("Only a run token has a frame.");
        if (run is not null)
        {
            run = run.Narrow(frame ?? run.Frame, [.. run.Pool.Where(tool => scope.Permits(tool.Value))]);
            if (run is null) return Wider("The frame is not at or below the token's own.");
        }
        var request = new LocalTokenRequest(from.ToPrincipal(), from.Class, lifetime ?? left, run) { NotAfter = from.ExpiresAt, Scope = scope };
        return new NarrowResult.Narrowed(issuer.Issue(request), scope, lifetime ?? left);
    }

    private static NarrowResult.Refused Wider(string detail) => new(WideningRule, detail);
}

/// <summary>How narrowing a token ended.</summary>
public abstract record NarrowResult
{
    public sealed record Narrowed(string Token, TokenScope Scope, TimeSpan Lifetime) : NarrowResult;

    public sealed record Refused(string Rule, string Detail) : NarrowResult;
}
