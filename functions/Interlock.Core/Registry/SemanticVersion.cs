using System.Globalization;

namespace Interlock.Core.Registry;

/// <summary>A version after semver.org 2.0.0; build metadata is kept out of the order.</summary>
public sealed record SemanticVersion(int Major, int Minor, int Patch, string Prerelease = "") : IComparable<SemanticVersion>
{
    /// <summary>The version, or null when the text is none.</summary>
    public static SemanticVersion? TryParse(string text)
    {
        var plus = text.IndexOf('+');
        if (plus >= 0 && !AreIdentifiers(text[(plus + 1)..], numbersHaveNoLeadingZeros: false)) return null;
        var core = plus < 0 ? text : text[..plus];
        var dash = core.IndexOf('-');
        var numbers = (dash < 0 ? core : core[..dash]).Split('.');
        if (numbers.Length != 3) return null;
        var parsed = new int[3];
        for (var i = 0; i < 3; i++)
        {
            if (numbers[i] is ['0', _, ..] || !int.TryParse(numbers[i], NumberStyles.None, CultureInfo.InvariantCulture, out parsed[i])) return null;
        }
        var prerelease = dash < 0 ? "" : core[(dash + 1)..];
        return dash >= 0 && !AreIdentifiers(prerelease, numbersHaveNoLeadingZeros: true) ? null : new(parsed[0], parsed[1], parsed[2], prerelease);
    }

    public int CompareTo(SemanticVersion? other)
    {
        if (other is null) return 1;
        var order = (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
        return order != 0 ? order : ComparePrerelease(Prerelease, other.Prerelease);
    }

    public override string ToString() => Prerelease.Length == 0 ? $"{Major}.{Minor}.{Patch}" : $"{Major}.{Minor}.{Patch}-{Prerelease}";

    private static bool AreIdentifiers(string text, bool numbersHaveNoLeadingZeros) => text.Split('.').All(identifier =>
        identifier.Length > 0 && identifier.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        && !(numbersHaveNoLeadingZeros && identifier is ['0', _, ..] && identifier.All(char.IsAsciiDigit)));

    private static int ComparePrerelease(string left, string right)
    {
        if (left == right) return 0;
        if (left.Length == 0) return 1;
        if (right.Length == 0) return -1;
        var (a, b) = (left.Split('.'), right.Split('.'));
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            var (leftNumber, rightNumber) = (Number(a[i]), Number(b[i]));
            var order = (leftNumber, rightNumber) switch
            {
                ({ } x, { } y) => x.CompareTo(y),
                ({ }, null) => -1,
                (null, { }) => 1,
                _ => string.CompareOrdinal(a[i], b[i]),
            };
            if (order != 0) return order;
        }
        return a.Length.CompareTo(b.Length);
    }

    private static long? Number(string identifier) =>
        long.TryParse(identifier, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
