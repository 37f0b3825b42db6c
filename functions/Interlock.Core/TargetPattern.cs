namespace Interlock.Core;

/// <summary>
/// A glob over target names: <c>*</c> stands for any run of characters, all else for itself, case-sensitively. A tool's pattern is
/// <c>server/tool</c> and its two parts are matched apart, so <c>ticketing/*</c> never reaches another server. Takes linear space and
/// at most pattern × name steps.
/// </summary>
public sealed record TargetPattern
{
    private readonly string[] _parts;

    private TargetPattern(string text, string[] parts) => (Text, _parts) = (text, parts);

    public string Text { get; }

    /// <summary>The pattern, or null when a tool's lacks one of its two parts, or an agent's is empty.</summary>
    public static TargetPattern? Parse(TargetKind kind, string text)
    {
        string[] parts = kind == TargetKind.Tool ? text.Split('/', 2) : [text];
        return parts.Length == (kind == TargetKind.Tool ? 2 : 1) && parts.All(part => part.Length > 0) ? new(text, parts) : null;
    }

    /// <summary>A pattern over the whole of a text, whatever it is; null of an empty one.</summary>
    public static TargetPattern? OfText(string text) => Parse(TargetKind.Agent, text);

    public bool Matches(string target)
    {
        if (_parts.Length == 1) return Matches(_parts[0], target);
        var slash = target.IndexOf('/');
        return slash > 0 && Matches(_parts[0], target.AsSpan(0, slash)) && Matches(_parts[1], target.AsSpan(slash + 1));
    }

    public bool Equals(TargetPattern? other) => other is not null && Text == other.Text && _parts.Length == other._parts.Length;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int p = 0, n = 0, star = -1, resume = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*') (star, resume) = (p++, n);
            else if (p < pattern.Length && pattern[p] == name[n]) (p, n) = (p + 1, n + 1);
            else if (star >= 0) (p, n) = (star + 1, ++resume); // let the last star take one more
            else return false;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
