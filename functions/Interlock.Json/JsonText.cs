using System.Globalization;
using System.Text;

namespace Interlock.Json;

/// <summary>Compact JSON text. Numbers as ECMAScript prints them, which is also RFC 8785's form.</summary>
public static class JsonText
{
    /// <summary>The value as compact JSON; members in their order, or sorted by UTF-16 units when canonical.</summary>
    public static string Write(JsonValue value, bool sorted = false)
    {
        var text = new StringBuilder();
        Write(text, value, sorted);
        return text.ToString();
    }

    /// <summary>The same text as UTF-8; in the place of half a surrogate pair stands U+FFFD.</summary>
    public static byte[] WriteUtf8(JsonValue value, bool sorted = false)
    {
        using var text = new Utf8Text(value, sorted);
        return text.Span.ToArray();
    }

    /// <summary>The same, or null when a string holds half a surrogate pair.</summary>
    public static byte[]? WriteUtf8OrNull(JsonValue value)
    {
        using var text = new Utf8Text(value, sorted: false);
        return text.IsMended ? null : text.Span.ToArray();
    }

    /// <summary>The members sorted by UTF-16 units of their names.</summary>
    internal static ReadOnlySpan<KeyValuePair<string, JsonValue>> InOrder(JsonMembers members)
    {
        var own = members.AsSpan();
        for (var i = 1; i < own.Length; i++)
        {
            if (string.CompareOrdinal(own[i - 1].Key, own[i].Key) < 0) continue;
            var sorted = own.ToArray();
            Array.Sort(sorted, static (left, right) => string.CompareOrdinal(left.Key, right.Key));
            return sorted;
        }
        return own;
    }

    /// <summary>A number as ECMAScript's Number::toString prints it; NaN is null and an infinity the largest double, as in jq.</summary>
    public static string FormatNumber(double value)
    {
        if (double.IsNaN(value)) return "null";
        if (double.IsInfinity(value)) return value > 0 ? "1.7976931348623157e+308" : "-1.7976931348623157e+308";
        if (value == 0) return "0";
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        return Ecma(shortest);
    }

    internal static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append("\\\\"); break;
                case '\b': text.Append("\\b"); break;
                case '\t': text.Append("\\t"); break;
                case '\n': text.Append("\\n"); break;
                case '\f': text.Append("\\f"); break;
                case '\r': text.Append("\\r"); break;
                case < ' ': text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"); break;
                default: text.Append(c); break;
            }
        }
        text.Append('"');
    }

    private static void Write(StringBuilder text, JsonValue value, bool sorted)
    {
        switch (value.Kind)
        {
            case JsonKind.Null: text.Append("null"); break;
            case JsonKind.True: text.Append("true"); break;
            case JsonKind.False: text.Append("false"); break;
            case JsonKind.Number: text.Append(value.Literal ?? FormatNumber(value.AsNumber())); break;
            case JsonKind.String: WriteString(text, value.AsString()); break;
            case JsonKind.Array: WriteItems(text, value.Items, sorted); break;
            default: WriteMembers(text, value.Members, sorted); break;
        }
    }

    private static void WriteItems(StringBuilder text, JsonItems items, bool sorted)
    {
        text.Append('[');
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) text.Append(',');
            Write(text, items[i], sorted);
        }
        text.Append(']');
    }

    private static void WriteMembers(StringBuilder text, JsonMembers members, bool sorted)
    {
        text.Append('{');
        var first = true;
        foreach (var (name, item) in sorted ? InOrder(members) : members.AsSpan())
        {
            if (!first) text.Append(',');
            first = false;
            WriteString(text, name);
            text.Append(':');
            Write(text, item, sorted);
        }
        text.Append('}');
    }

    /// <summary>From .NET's shortest round-trip digits to ECMA-262 Number::toString, steps 6 to 10.</summary>
    private static string Ecma(string shortest)
    {
        var sign = shortest[0] == '-' ? "-" : "";
        var body = shortest.AsSpan(sign.Length);
        var e = body.IndexOf('E');
        var exponent = e < 0 ? 0 : int.Parse(body[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = e < 0 ? body : body[..e];
        var dot = mantissa.IndexOf('.');
        var whole = dot < 0 ? mantissa : mantissa[..dot];
        var fraction = dot < 0 ? [] : mantissa[(dot + 1)..];
        var digits = string.Concat(whole, fraction);
        var point = whole.Length + exponent; // the decimal point stands after this many digits
        var leading = digits.Length - digits.TrimStart('0').Length;
        digits = digits[leading..].TrimEnd('0');
        point -= leading;
        var count = digits.Length;
        if (count <= point && point <= 21) return sign + digits + new string('0', point - count);
        if (point is > 0 and <= 21) return sign + digits[..point] + "." + digits[point..];
        if (point is > -6 and <= 0) return sign + "0." + new string('0', -point) + digits;
        var tail = count == 1 ? "" : "." + digits[1..];
        var power = point - 1;
        return $"{sign}{digits[0]}{tail}e{(power < 0 ? "-" : "+")}{Math.Abs(power).ToString(CultureInfo.InvariantCulture)}";
    }
}
