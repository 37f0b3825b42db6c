namespace Interlock.Json.Schema;

/// <summary>
/// Host names (RFC 1123, RFC 5890 with the contextual rules of RFC 5892 and the directions of RFC 5893) and mail addresses (RFC 5321, RFC 6531).
/// Code points are judged by their category, not by the IDNA tables.
/// </summary>
internal static class HostFormats
{
    public static bool IsEmail(string text, bool international)
    {
        var at = text.LastIndexOf('@');
        if (at is < 1 or > 256) return false;
        var local = text.AsSpan(0, at);
        var domain = text[(at + 1)..];
        if (!(local[0] == '"' ? Quoted(local, international) : Dotted(local, international))) return false;
        if (domain.StartsWith('[') && domain.EndsWith(']'))
        {
            var literal = domain.AsSpan(1, domain.Length - 2);
            return literal.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase) ? AddressFormats.IsV6(literal[5..]) : AddressFormats.IsV4(literal);
        }
        return IsHostname(domain, international);
    }

    public static bool IsHostname(string text, bool international)
    {
        if (international) text = text.Replace('\u3002', '.').Replace('\uFF0E', '.').Replace('\uFF61', '.');
        if (text.Length is 0 or > 253) return false;
        var labels = new List<List<int>>();
        foreach (var label in text.Split('.'))
        {
            if (Label(label, international) is not { } points) return false;
            labels.Add(points);
        }
        return InternationalLabel.DirectionsFit(labels);
    }

    /// <summary>The code points of a label, decoded where it is encoded; null when it is none.</summary>
    private static List<int>? Label(string label, bool international)
    {
        if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-') return null;
        var points = label.EnumerateRunes().Select(rune => rune.Value).ToList();
        if (label.StartsWith("xn--", StringComparison.OrdinalIgnoreCase)) return Ascii(label) ? Decoded(label[4..]) : null;
        if (Ascii(label)) return label.Length > 3 && label[2] == '-' && label[3] == '-' ? null : points;
        return international && Punycode.Encode(points).Length + 4 <= 63 && InternationalLabel.IsAllowed(points) ? points : null;
    }

    private static List<int>? Decoded(string encoded)
    {
        if (Punycode.Decode(encoded) is not { Count: > 0 } points || !points.Exists(point => point > 127) || !InternationalLabel.IsAllowed(points)) return null;
        return Punycode.Encode(points).Equals(encoded, StringComparison.OrdinalIgnoreCase) ? points : null;
    }

    private static bool Ascii(string label)
    {
        foreach (var c in label)
            if (!(char.IsAsciiLetterOrDigit(c) || c == '-')) return false;
        return true;
    }

    private static bool Dotted(ReadOnlySpan<char> local, bool international)
    {
        if (local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal)) return false;
        foreach (var c in local)
            if (!(char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-/=?^_`{|}~.".Contains(c) || (international && c > 127))) return false;
        return true;
    }

    private static bool Quoted(ReadOnlySpan<char> local, bool international)
    {
        if (local.Length < 2 || local[^1] != '"') return false;
        var inside = local[1..^1];
        for (var i = 0; i < inside.Length; i++)
        {
            if (inside[i] == '\\' && ++i == inside.Length) return false;
            else if (inside[i] == '"' && (i == 0 || inside[i - 1] != '\\')) return false;
            if (inside[i] < ' ' || (inside[i] > '~' && !international)) return false;
        }
        return true;
    }
}
