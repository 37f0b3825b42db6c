using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// What a token of <c>/mcp</c> was narrowed to: the tools that one of its patterns names (<c>crm/*</c>), nothing that a server offers elsewhere and no workflow. Each
/// narrowing is made from a wider one, at most <see cref="MaxDepth"/> times, and never back.
/// </summary>
public sealed record TokenScope
{
    public const int MaxDepth = 4;
    public const int MaxPatterns = 64;

    private const string Claim = "cap";
    private const int MaxLength = 256;

    private TokenScope(ImmutableArray<TargetPattern> tools, int depth) => (Tools, Depth) = (tools, depth);

    public ImmutableArray<TargetPattern> Tools { get; }

    /// <summary>How often it was narrowed.</summary>
    public int Depth { get; }

    /// <summary>The scope of these patterns, or null when one is none or there are none or too many.</summary>
    public static TokenScope? Of(IEnumerable<string> patterns, int depth = 1)
    {
        var parsed = patterns.Distinct(StringComparer.Ordinal).Select(text => text.Length > MaxLength || text.Any(c => c is <= ' ' or > '~' or '"' or '\\') ? null : TargetPattern.Parse(TargetKind.Tool, text)).ToList();
        return parsed.Count is 0 or > MaxPatterns || parsed.Contains(null) ? null : new([.. parsed.Select(pattern => pattern!)], depth); // just looked
    }

    public bool Permits(string tool) => Tools.Any(pattern => pattern.Matches(tool));

    /// <summary>Whether all that the other permits, this one does. What can't be seen from the patterns alone counts as wider.</summary>
    public bool Holds(TokenScope other) => other.Tools.All(pattern => Tools.Any(wider => wider.Matches(pattern.Text))); // a star of theirs is met by a star of ours only

    /// <summary>The same as RFC 6749 writes scopes: <c>tool:crm/*</c>, separated by spaces.</summary>
    public override string ToString() => string.Join(' ', Tools.Select(pattern => "tool:" + pattern.Text));

    internal JsonValue AddTo(JsonValue claims) =>
        claims.With(Claim, JsonValue.Object(("tools", JsonValue.Array(Tools.Select(pattern => JsonValue.From(pattern.Text)))), ("depth", Depth)));

    /// <summary>The scope in a token's claims; a claim that is none makes the token invalid.</summary>
    internal static bool TryRead(JsonValue claims, out TokenScope? scope)
    {
        scope = null;
        if (claims[Claim] is not { } claim) return true;
        if (claim["tools"] is not { IsArray: true } tools || tools.Items.Any(tool => !tool.IsString) || claim["depth"] is not { IsNumber: true } depth) return false;
        if (depth.AsNumber() is not (>= 1 and <= MaxDepth) || depth.AsNumber() % 1 != 0) return false;
        scope = Of(tools.Items.Select(tool => tool.AsString()), (int)depth.AsNumber());
        return scope is not null;
    }
}
