using System.Globalization;

namespace Interlock.Json;

/// <summary>RFC 6901 JSON Pointers as text: <c>/do/0/classify</c>, with <c>~0</c> for <c>~</c> and <c>~1</c> for <c>/</c>.</summary>
public static class JsonPointer
{
    public static string Format(IEnumerable<string> tokens) => string.Concat(tokens.Select(token => "/" + Escape(token)));

    public static string Append(string pointer, string token) => $"{pointer}/{Escape(token)}";

    public static string Append(string pointer, int index) => $"{pointer}/{index.ToString(CultureInfo.InvariantCulture)}";

    public static string Escape(string token) =>
        token.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    public static string Unescape(string token) =>
        token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    /// <summary>The unescaped reference tokens.</summary>
    /// <exception cref="FormatException">The pointer is neither empty nor starts with a slash.</exception>
    public static IReadOnlyList<string> Parse(string pointer)
    {
        if (pointer.Length == 0) return [];
        if (pointer[0] != '/') throw new FormatException($"A JSON pointer is empty or starts with '/': {pointer}");
        return [.. pointer[1..].Split('/').Select(Unescape)];
    }

    /// <summary>The value the pointer names, or null when there is none.</summary>
    public static JsonValue? Resolve(JsonValue root, string pointer)
    {
        var value = root;
        foreach (var token in Parse(pointer))
        {
            var next = value.IsArray && IsIndex(token, out var index) ? value[index] : value[token];
            if (next is null) return null;
            value = next;
        }
        return value;
    }

    private static bool IsIndex(string token, out int index) =>
        int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out index) && (token == "0" || token[0] != '0');
}
