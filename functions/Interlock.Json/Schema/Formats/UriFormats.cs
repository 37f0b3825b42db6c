namespace Interlock.Json.Schema;

/// <summary>RFC 3986 and RFC 3987 syntax, and RFC 6570 templates.</summary>
internal static class UriFormats
{
    private const string SubDelims = "!$&'()*+,;=";

    public static bool IsUri(string text, bool international) => SchemeLength(text) > 0 && IsReference(text, international);

    public static bool IsReference(string text, bool international)
    {
        var rest = text.AsSpan();
        if (rest.IndexOf('#') is >= 0 and var hash)
        {
            if (!Chars(rest[(hash + 1)..], ":@/?", international)) return false;
            rest = rest[..hash];
        }
        if (rest.IndexOf('?') is >= 0 and var mark)
        {
            if (!Chars(rest[(mark + 1)..], ":@/?", international, isQuery: true)) return false;
            rest = rest[..mark];
        }
        var scheme = SchemeLength(rest);
        if (scheme > 0) rest = rest[(scheme + 1)..];
        if (rest.StartsWith("//"))
        {
            rest = rest[2..];
            var end = rest.IndexOf('/') is >= 0 and var slash ? slash : rest.Length;
            if (!Authority(rest[..end], international)) return false;
            rest = rest[end..];
        }
        else if (scheme == 0 && rest.IndexOf(':') is >= 0 and var colon && rest.IndexOf('/') is var first && (first < 0 || colon < first))
        {
            return false; // the first segment of a relative path has no colon
        }
        return Chars(rest, ":@/", international);
    }

    public static bool IsTemplate(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '{')
            {
                var end = text.IndexOf('}', i);
                if (end < 0 || !Expression(text.AsSpan(i + 1, end - i - 1))) return false;
                i = end;
            }
            else if (c is '}' or '"' or '<' or '>' or '\\' or '^' or '`' or '|' or ' ' || char.IsControl(c)) return false;
            else if (c == '%' && !Percent(text.AsSpan(i))) return false;
        }
        return true;
    }

    private static bool Expression(ReadOnlySpan<char> text)
    {
        if (text.Length > 0 && "+#./;?&=,!@|".Contains(text[0])) text = text[1..];
        foreach (var range in text.Split(','))
        {
            var name = text[range];
            if (name.EndsWith("*")) name = name[..^1];
            else if (name.IndexOf(':') is >= 0 and var colon)
            {
                var length = name[(colon + 1)..];
                if (length.Length is 0 or > 4 || length[0] == '0' || length.ContainsAnyExceptInRange('0', '9')) return false;
                name = name[..colon];
            }
            if (name.IsEmpty || name[0] == '.' || name[^1] == '.' || name.Contains("..", StringComparison.Ordinal)) return false;
            for (var i = 0; i < name.Length; i++)
                if (!(char.IsAsciiLetterOrDigit(name[i]) || name[i] is '_' or '.' || (name[i] == '%' && Percent(name[i..])))) return false;
        }
        return true;
    }

    private static int SchemeLength(ReadOnlySpan<char> text)
    {
        var end = text.IndexOf(':');
        if (end <= 0 || !char.IsAsciiLetter(text[0])) return 0;
        foreach (var c in text[..end])
            if (!(char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.')) return 0;
        return end;
    }

    private static bool Authority(ReadOnlySpan<char> text, bool international)
    {
        if (text.IndexOf('@') is >= 0 and var at)
        {
            if (!Chars(text[..at], ":", international)) return false;
            text = text[(at + 1)..];
        }
        if (text.StartsWith("["))
        {
            var close = text.IndexOf(']');
            if (close < 0 || !IpLiteral(text[1..close])) return false;
            text = text[(close + 1)..];
            return text.IsEmpty || (text[0] == ':' && !text[1..].ContainsAnyExceptInRange('0', '9'));
        }
        if (text.IndexOf(':') is >= 0 and var colon)
        {
            if (text[(colon + 1)..].ContainsAnyExceptInRange('0', '9')) return false;
            text = text[..colon];
        }
        return Chars(text, "", international);
    }

    private static bool IpLiteral(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text[0] is not ('v' or 'V')) return AddressFormats.IsV6(text);
        var dot = text.IndexOf('.');
        if (dot < 2 || dot == text.Length - 1) return false;
        foreach (var c in text[1..dot])
            if (!char.IsAsciiHexDigit(c)) return false;
        return !text.Contains('%') && Chars(text[(dot + 1)..], ":", false);
    }

    private static bool Chars(ReadOnlySpan<char> text, string also, bool international, bool isQuery = false)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~' || SubDelims.Contains(c) || also.Contains(c)) continue;
            if (c == '%' && Percent(text[i..])) continue;
            if (!international || c < 0xA0) return false;
            if (c is >= '\uE000' and <= '\uF8FF' ? !isQuery : c is >= '\uFDD0' and <= '\uFDEF' or >= '\uFFF0') return false;
        }
        return true;
    }

    private static bool Percent(ReadOnlySpan<char> text) => text.Length > 2 && char.IsAsciiHexDigit(text[1]) && char.IsAsciiHexDigit(text[2]);
}
