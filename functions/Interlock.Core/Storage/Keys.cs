using System.Buffers;
using System.Globalization;
using System.Text;

namespace Interlock.Core.Storage;

/// <summary>
/// Builds keys from parts: joined by <c>|</c>, with what the key rules forbid, and <c>|</c> and <c>~</c>, as <c>~</c> and the UTF-16 unit's
/// number in hex: two digits, or four from U+D800 on.
/// </summary>
public static class Keys
{
    /// <summary>Characters that stand as they are; most keys have no others.</summary>
    private static readonly SearchValues<char> Plain = SearchValues.Create("-.0123456789:@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    public static string Join(params ReadOnlySpan<string> parts)
    {
        if (parts.Length == 1 && !parts[0].AsSpan().ContainsAnyExcept(Plain)) return parts[0];
        var key = new StringBuilder();
        for (var i = 0; i < parts.Length; i++)
        {
            if (i > 0) key.Append('|');
            Escape(key, parts[i]);
        }
        return key.ToString();
    }

    /// <summary>A time as part of a key that sorts by it: 19 digits of UTC ticks.</summary>
    public static string Time(DateTimeOffset at) => at.UtcTicks.ToString("D19", CultureInfo.InvariantCulture);

    private static void Escape(StringBuilder key, string part)
    {
        if (!part.AsSpan().ContainsAnyExcept(Plain))
        {
            key.Append(part);
            return;
        }
        foreach (var c in part)
        {
            if (c is '/' or '\\' or '#' or '?' or '%' or '|' or '~' || char.IsControl(c) || char.IsSurrogate(c)) key.Append('~').Append(((int)c).ToString("X2", null));
            else key.Append(c);
        }
    }
}
