namespace Interlock.Core.Registry;

/// <summary>
/// A version range as npm writes it: <c>1.2.3</c> exactly, <c>^1.2</c> the same major (of 0.x the same minor), <c>~1.2</c> the same minor,
/// <c>1</c> or <c>1.2</c> that prefix, <c>*</c> any. Prereleases match only when named exactly.
/// </summary>
public sealed record VersionRange
{
    private readonly Func<SemanticVersion, bool> _matches;

    private VersionRange(string text, Func<SemanticVersion, bool> matches) => (Text, _matches) = (text, matches);

    public string Text { get; }

    public static VersionRange Any { get; } = new("*", version => version.Prerelease.Length == 0);

    /// <summary>The range, or null when the text is none.</summary>
    public static VersionRange? TryParse(string? text)
    {
        if (text is null or "*") return Any;
        if (SemanticVersion.TryParse(text) is { } exact) return new(text, version => version == exact);
        if (text.Contains('+')) return null;
        var parts = text.TrimStart('^', '~').Split('.');
        if (parts.Length is 0 or > 3 || text.Length - string.Join('.', parts).Length > 1) return null;
        var padded = string.Join('.', parts.Concat(Enumerable.Repeat("0", 3 - parts.Length)));
        if (SemanticVersion.TryParse(padded) is not { Prerelease: "" } from) return null;
        var to = text[0] switch
        {
            '^' when from.Major > 0 || parts.Length == 1 => new SemanticVersion(from.Major + 1, 0, 0),
            '^' when from.Minor > 0 || parts.Length == 2 => new SemanticVersion(0, from.Minor + 1, 0),
            '^' => new SemanticVersion(0, 0, from.Patch + 1),
            _ when parts.Length == 1 => new SemanticVersion(from.Major + 1, 0, 0),
            _ => new SemanticVersion(from.Major, from.Minor + 1, 0),
        };
        return new(text, version => version.Prerelease.Length == 0 && version.CompareTo(from) >= 0 && version.CompareTo(to) < 0);
    }

    public bool Matches(SemanticVersion version) => _matches(version);

    public override string ToString() => Text;
}
