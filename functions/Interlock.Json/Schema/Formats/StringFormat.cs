using System.Collections.Frozen;

namespace Interlock.Json.Schema;

/// <summary>The formats of the validation specification, section 7.3, by name. Each test takes one pass over the text.</summary>
internal static class StringFormat
{
    private static readonly FrozenDictionary<string, Func<string, bool>> All = new Dictionary<string, Func<string, bool>>
    {
        ["date-time"] = TimeFormats.IsDateTime,
        ["date"] = text => TimeFormats.IsDate(text),
        ["time"] = text => TimeFormats.IsTime(text),
        ["duration"] = TimeFormats.IsDuration,
        ["email"] = text => HostFormats.IsEmail(text, international: false),
        ["idn-email"] = text => HostFormats.IsEmail(text, international: true),
        ["hostname"] = text => HostFormats.IsHostname(text, international: false),
        ["idn-hostname"] = text => HostFormats.IsHostname(text, international: true),
        ["ipv4"] = text => AddressFormats.IsV4(text),
        ["ipv6"] = text => AddressFormats.IsV6(text),
        ["uri"] = text => UriFormats.IsUri(text, international: false),
        ["uri-reference"] = text => UriFormats.IsReference(text, international: false),
        ["iri"] = text => UriFormats.IsUri(text, international: true),
        ["iri-reference"] = text => UriFormats.IsReference(text, international: true),
        ["uri-template"] = UriFormats.IsTemplate,
        ["uuid"] = IsUuid,
        ["json-pointer"] = text => IsPointer(text),
        ["relative-json-pointer"] = IsRelativePointer,
        ["regex"] = EcmaPattern.IsWellFormed,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The test of a format, or null for one that asserts nothing.</summary>
    public static Func<string, bool>? Find(string format, Dialect dialect) =>
        dialect.IsOlder && format is "duration" or "uuid" ? null : All.GetValueOrDefault(format);

    private static bool IsUuid(string text)
    {
        if (text.Length != 36) return false;
        for (var i = 0; i < text.Length; i++)
            if (i is 8 or 13 or 18 or 23 ? text[i] != '-' : !char.IsAsciiHexDigit(text[i])) return false;
        return true;
    }

    private static bool IsPointer(ReadOnlySpan<char> text)
    {
        if (text.Length > 0 && text[0] != '/') return false;
        for (var i = 0; i < text.Length; i++)
            if (text[i] == '~' && (i + 1 == text.Length || text[i + 1] is not ('0' or '1'))) return false;
        return true;
    }

    private static bool IsRelativePointer(string text)
    {
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;
        if (digits == 0 || (text[0] == '0' && digits > 1)) return false;
        return text[digits..] == "#" || IsPointer(text.AsSpan(digits));
    }
}
