using System.Text;

namespace Interlock.Json.Jq;

/// <summary>The formats written <c>@name</c>.</summary>
internal static class JqFormats
{
    private const string Base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static JsonValue? Apply(JqMachine machine, string format, JsonValue value) => format switch
    {
        "text" => JqText.ToText(machine, value),
        "json" => JqText.Dump(machine, value),
        "csv" => Row(machine, value, "csv", ",", text => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""),
        "tsv" => Row(machine, value, "tsv", "\t", EscapeTsv),
        "sh" => Shell(machine, value),
        "html" => machine.Text(Html(Text(machine, value))),
        "uri" => machine.Text(Uri(Text(machine, value))),
        "urid" => Unescape(machine, value),
        "base64" => machine.Text(Convert.ToBase64String(Encoding.UTF8.GetBytes(Text(machine, value)))),
        "base64d" => FromBase64(machine, value),
        "base32" => machine.Text(Base32(Encoding.UTF8.GetBytes(Text(machine, value)))),
        "base32d" => FromBase32(machine, value),
        _ => machine.Fail($"{format} is not a valid format"),
    };

    private static string Text(JqMachine machine, JsonValue value)
    {
        var text = JqText.ToText(machine, value).AsString();
        machine.CountWork(text.Length);
        return text;
    }

    private static JsonValue? Row(JqMachine machine, JsonValue value, string name, string separator, Func<string, string> quote)
    {
        if (!value.IsArray) return machine.Fail($"{JqText.Describe(value)} cannot be {name}-formatted, only array");
        var row = new StringBuilder();
        for (var i = 0; i < value.Count; i++)
        {
            var cell = value.Items[i];
            if (cell.IsArray || cell.IsObject) return machine.Fail($"{JqText.Describe(cell)} is not valid in a csv row");
            if (i > 0) row.Append(separator);
            if (cell.IsString) row.Append(quote(cell.AsString()));
            else if (!cell.IsNull && !(cell.IsNumber && double.IsNaN(cell.AsNumber()))) row.Append(Text(machine, cell));
        }
        return machine.Text(row.ToString());
    }

    private static string EscapeTsv(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static JsonValue? Shell(JqMachine machine, JsonValue value)
    {
        var words = new List<string>();
        foreach (var word in value.IsArray ? [.. value.Items] : new[] { value })
        {
            if (word.IsArray || word.IsObject) return machine.Fail($"{JqText.Describe(word)} can not be escaped for shell");
            words.Add(word.IsString ? $"'{word.AsString().Replace("'", "'\\''", StringComparison.Ordinal)}'" : Text(machine, word));
        }
        return machine.Text(string.Join(' ', words));
    }

    private static string Html(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal).Replace("'", "&apos;", StringComparison.Ordinal)
        .Replace("\"", "&quot;", StringComparison.Ordinal);

    /// <summary>Everything but RFC 3986's unreserved characters as percent and two digits per UTF-8 byte.</summary>
    private static string Uri(string text)
    {
        var escaped = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'.' or (byte)'~') escaped.Append((char)b);
            else escaped.Append('%').Append(Convert.ToHexString([b]));
        }
        return escaped.ToString();
    }

    private static JsonValue? Unescape(JqMachine machine, JsonValue value)
    {
        var source = Encoding.UTF8.GetBytes(Text(machine, value));
        var bytes = new List<byte>(source.Length);
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] != '%') bytes.Add(source[i]);
            else if (i + 2 < source.Length && char.IsAsciiHexDigit((char)source[i + 1]) && char.IsAsciiHexDigit((char)source[i + 2]))
            {
                bytes.Add(Convert.FromHexString(Encoding.ASCII.GetString(source, i + 1, 2))[0]);
                i += 2;
            }
            else return machine.Fail($"{JqText.Describe(value)} is not a valid uri encoding");
        }
        try
        {
            return machine.Text(StrictUtf8.GetString([.. bytes]));
        }
        catch (DecoderFallbackException)
        {
            machine.CountWork(JqMachine.ExceptionWork);
            return machine.Fail($"{JqText.Describe(value)} is not a valid uri encoding");
        }
    }

    /// <summary>Up to the first padding; bytes that are no UTF-8 become U+FFFD.</summary>
    private static JsonValue? FromBase64(JqMachine machine, JsonValue value)
    {
        var text = JqText.ToText(machine, value);
        var digits = Text(machine, value);
        var end = digits.IndexOf('=', StringComparison.Ordinal);
        if (end >= 0) digits = digits[..end];
        if (digits.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/'))) return machine.Fail($"{JqText.Describe(text)} is not valid base64 data");
        if (digits.Length % 4 == 1) return machine.Fail($"{JqText.Describe(text)} trailing base64 byte found");
        return machine.Text(JqStrings.FromUtf8(FromDigits(digits, 6, Base64Value)));
    }

    private static JsonValue? FromBase32(JqMachine machine, JsonValue value)
    {
        var text = JqText.ToText(machine, value);
        var digits = Text(machine, value).TrimEnd('=');
        if (digits.Any(c => !Base32Digits.Contains(c, StringComparison.Ordinal))) return machine.Fail($"{JqText.Describe(text)} is not valid base32 data");
        return machine.Text(JqStrings.FromUtf8(FromDigits(digits, 5, c => Base32Digits.IndexOf(c, StringComparison.Ordinal))));
    }

    private static int Base64Value(char c) => c switch
    {
        '+' => 62,
        '/' => 63,
        <= '9' => c - '0' + 52,
        <= 'Z' => c - 'A',
        _ => c - 'a' + 26,
    };

    private static byte[] FromDigits(string digits, int bits, Func<char, int> valueOf)
    {
        var bytes = new List<byte>((digits.Length * bits) / 8);
        var (buffer, held) = (0, 0);
        foreach (var digit in digits)
        {
            buffer = ((buffer << bits) | valueOf(digit)) & 0xFFFF;
            held += bits;
            if (held < 8) continue;
            held -= 8;
            bytes.Add((byte)(buffer >> held));
        }
        return [.. bytes];
    }

    private static string Base32(byte[] bytes)
    {
        var text = new StringBuilder();
        var (buffer, held) = (0, 0);
        foreach (var b in bytes)
        {
            buffer = ((buffer << 8) | b) & 0xFFFF;
            for (held += 8; held >= 5; held -= 5) text.Append(Base32Digits[(buffer >> (held - 5)) & 31]);
        }
        if (held > 0) text.Append(Base32Digits[(buffer << (5 - held)) & 31]);
        return text.Append('=', (8 - (text.Length % 8)) % 8).ToString();
    }
}
