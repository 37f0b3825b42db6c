namespace Interlock.Json.Schema;

/// <summary>Internet addresses as text: RFC 2673 section 3.2 and RFC 4291 section 2.2, without zones.</summary>
internal static class AddressFormats
{
    public static bool IsV4(ReadOnlySpan<char> text)
    {
        var (parts, value, digits) = (1, 0, 0);
        foreach (var c in text)
        {
            if (c == '.')
            {
                if (digits == 0 || ++parts > 4) return false;
                (value, digits) = (0, 0);
                continue;
            }
            if (!char.IsAsciiDigit(c) || (digits > 0 && value == 0)) return false;
            value = value * 10 + (c - '0');
            if (++digits > 3 || value > 255) return false;
        }
        return parts == 4 && digits > 0;
    }

    public static bool IsV6(ReadOnlySpan<char> text)
    {
        var (groups, gap, i) = (0, false, 0);
        if (text.StartsWith("::"))
        {
            (gap, i) = (true, 2);
            if (text.Length == 2) return true;
        }
        while (true)
        {
            var start = i;
            while (i < text.Length && char.IsAsciiHexDigit(text[i])) i++;
            if (i < text.Length && text[i] == '.')
            {
                if (!IsV4(text[start..])) return false;
                groups += 2;
                break;
            }
            if (i - start is 0 or > 4) return false;
            groups++;
            if (i == text.Length) break;
            if (text[i++] != ':' || i == text.Length) return false;
            if (text[i] != ':') continue;
            if (gap) return false;
            gap = true;
            if (++i == text.Length) break;
        }
        return gap ? groups < 8 : groups == 8;
    }
}
