using System.Globalization;
using System.Text;

namespace Interlock.Json.Schema;

/// <summary>
/// Host names (RFC 1123, RFC 5890 with the contextual rules of RFC 5892) and mail addresses (RFC 5321, RFC 6531).
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
        foreach (var label in text.Split('.'))
            if (!Label(label, international)) return false;
        return true;
    }

    private static bool Label(string label, bool international)
    {
        if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-') return false;
        if (label.StartsWith("xn--", StringComparison.OrdinalIgnoreCase))
            return Ascii(label) && Punycode.Decode(label[4..]) is { Count: > 0 } points && points.Exists(point => point > 127) && International(points);
        if (Ascii(label)) return !(label.Length > 3 && label[2] == '-' && label[3] == '-');
        if (!international) return false;
        var runes = new List<int>();
        foreach (var rune in label.EnumerateRunes()) runes.Add(rune.Value);
        return Punycode.EncodedLength(runes) + 4 <= 63 && International(runes);
    }

    private static bool Ascii(string label)
    {
        foreach (var c in label)
            if (!(char.IsAsciiLetterOrDigit(c) || c == '-')) return false;
        return true;
    }

    private static bool International(List<int> label)
    {
        if (label is [_, _, '-', '-', ..] || label[0] == '-' || label[^1] == '-' || IsMark(label[0])) return false;
        var (arabic, extended) = (false, false);
        for (var i = 0; i < label.Count; i++)
        {
            var (point, before, after) = (label[i], i > 0 ? label[i - 1] : -1, i + 1 < label.Count ? label[i + 1] : -1);
            arabic |= point is >= 0x660 and <= 0x669;
            extended |= point is >= 0x6F0 and <= 0x6F9;
            var allowed = point switch
            {
                0xB7 => before == 'l' && after == 'l',
                0x375 => after is (>= 0x370 and <= 0x3FF) or (>= 0x1F00 and <= 0x1FFF),
                0x5F3 or 0x5F4 => before is >= 0x590 and <= 0x5FF,
                0x30FB => label.Exists(IsJapanese),
                0x200C or 0x200D => IsVirama(before),
                0x640 or 0x7FA or 0x302E or 0x302F or 0x303B or (>= 0x3031 and <= 0x3035) => false,
                0xDF or 0x3C2 or 0x6FD or 0x6FE or 0xF0B or 0x3007 => true,
                _ => point == '-' || IsLetterDigit(point),
            };
            if (!allowed) return false;
        }
        return !(arabic && extended);
    }

    private static bool IsJapanese(int point) =>
        point is (>= 0x3041 and <= 0x309F) or (>= 0x30A1 and <= 0x30FA) or (>= 0x30FC and <= 0x30FF) or 0x3005 or 0x3007 or
            (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF);

    private static bool IsVirama(int point) => point is 0x94D or 0x9CD or 0xA4D or 0xACD or 0xB4D or 0xBCD or 0xC4D or 0xCCD or 0xD3B or
        0xD3C or 0xD4D or 0xDCA or 0xE3A or 0xEBA or 0xF84 or 0x1039 or 0x103A or 0x1714 or 0x1734 or 0x17D2 or 0x1A60 or 0x1B44 or
        0x1BAA or 0x1BAB or 0x1BF2 or 0x1BF3 or 0x2D7F or 0xA806 or 0xA8C4 or 0xA953 or 0xA9C0 or 0xAAF6 or 0xABED;

    private static bool IsMark(int point) => CharUnicodeInfo.GetUnicodeCategory(point)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static bool IsLetterDigit(int point) => CharUnicodeInfo.GetUnicodeCategory(point) switch
    {
        UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.DecimalDigitNumber => true,
        _ => false,
    };

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

/// <summary>RFC 3492, for labels of at most 63 characters.</summary>
internal static class Punycode
{
    /// <summary>The code points, or null when the text encodes none.</summary>
    public static List<int>? Decode(string text)
    {
        var dash = text.LastIndexOf('-');
        var output = new List<int>();
        for (var k = 0; k < dash; k++) output.Add(text[k]);
        var (n, i, bias, at) = (128, 0, 72, dash + 1);
        while (at < text.Length)
        {
            var (start, weight) = (i, 1);
            for (var k = 36; ; k += 36)
            {
                if (at == text.Length || Digit(text[at++]) is not (>= 0 and var digit)) return null;
                if (digit > (int.MaxValue - i) / weight) return null;
                i += digit * weight;
                var t = Math.Clamp(k - bias, 1, 26);
                if (digit < t) break;
                if (weight > int.MaxValue / (36 - t)) return null;
                weight *= 36 - t;
            }
            bias = Adapt(i - start, output.Count + 1, start == 0);
            if (i / (output.Count + 1) > 0x10FFFF - n) return null;
            n += i / (output.Count + 1);
            i %= output.Count + 1;
            if (!Rune.IsValid(n)) return null;
            output.Insert(i++, n);
        }
        return output;
    }

    /// <summary>How many characters the encoding takes, without the prefix.</summary>
    public static int EncodedLength(List<int> label)
    {
        var (n, delta, bias) = (128, 0L, 72);
        var basic = label.Count(point => point < 128);
        var (handled, length) = (basic, basic > 0 ? basic + 1 : 0);
        while (handled < label.Count)
        {
            var next = label.Where(point => point >= n).Min();
            delta += (long)(next - n) * (handled + 1);
            n = next;
            foreach (var point in label)
            {
                if (point < n) delta++;
                if (point != n) continue;
                var q = delta;
                for (var k = 36; ; k += 36)
                {
                    length++;
                    var t = Math.Clamp(k - bias, 1, 26);
                    if (q < t) break;
                    q = (q - t) / (36 - t);
                }
                bias = Adapt((int)delta, handled + 1, handled == basic);
                delta = 0;
                handled++;
            }
            delta++;
            n++;
        }
        return length;
    }

    private static int Digit(char c) => c switch
    {
        >= 'a' and <= 'z' => c - 'a',
        >= 'A' and <= 'Z' => c - 'A',
        >= '0' and <= '9' => c - '0' + 26,
        _ => -1,
    };

    private static int Adapt(int delta, int count, bool first)
    {
        delta = first ? delta / 700 : delta / 2;
        delta += delta / count;
        var k = 0;
        for (; delta > 455; k += 36) delta /= 35;
        return k + 36 * delta / (delta + 38);
    }
}
