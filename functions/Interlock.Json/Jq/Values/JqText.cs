using System.Globalization;
using System.Text;

namespace Interlock.Json.Jq;

/// <summary>Values as jq writes them: compact JSON, kinds by name, long values shortened in messages.</summary>
internal static class JqText
{
    private const int ShortBytes = 29; // jq's messages quote at most this many bytes

    public static string KindName(JsonValue value) => value.Kind switch
    {
        JsonKind.Null => "null",
        JsonKind.False or JsonKind.True => "boolean",
        JsonKind.Number => "number",
        JsonKind.String => "string",
        JsonKind.Array => "array",
        _ => "object",
    };

    /// <summary>Kind and shortened value: <c>number (1)</c>.</summary>
    public static string Describe(JsonValue value) => $"{KindName(value)} ({Short(value)})";

    /// <summary>Compact JSON of at most 29 UTF-8 bytes; a longer one ends in <c>...</c> and its closing delimiter.</summary>
    public static string Short(JsonValue value)
    {
        var text = new StringBuilder();
        Write(text, value, limit: 64);
        var json = text.ToString();
        if (Encoding.UTF8.GetByteCount(json) <= ShortBytes) return json;
        var delimiter = json[0] switch { '"' => "\"", '[' => "]", '{' => "}", _ => "" };
        var room = ShortBytes - 3 - delimiter.Length;
        var kept = 0;
        foreach (var rune in json.EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0) break;
            kept += rune.Utf16SequenceLength;
        }
        return json[..kept] + "..." + delimiter;
    }

    public static JsonValue Dump(JqMachine machine, JsonValue value)
    {
        var text = new StringBuilder();
        Write(text, value, int.MaxValue, machine);
        return JsonValue.From(text.ToString()); // counted while it was written
    }

    /// <summary>A string as it is, every other value as JSON.</summary>
    public static JsonValue ToText(JqMachine machine, JsonValue value) => value.IsString ? value : Dump(machine, value);

    /// <summary>
    /// A number as jq prints the result of arithmetic: the shortest digits that read back, an exponent of at least two
    /// digits below 1e-5 and where more than fifteen zeros would follow. A number read from elsewhere keeps its text.
    /// </summary>
    public static string Number(JsonValue value)
    {
        if (value.Literal is { } literal) return literal;
        var number = value.AsNumber();
        if (double.IsNaN(number)) return "null";
        if (double.IsInfinity(number)) number = number > 0 ? double.MaxValue : double.MinValue;
        if (number == 0) return double.IsNegative(number) ? "-0" : "0";
        if (Math.Abs(number) < 1e15 && Math.Truncate(number) == number) return ((long)number).ToString(CultureInfo.InvariantCulture);
        var (digits, point) = Digits(number.ToString("R", CultureInfo.InvariantCulture));
        var sign = number < 0 ? "-" : "";
        if (point <= -4 || point > digits.Length + 15)
        {
            var power = point - 1;
            var tail = digits.Length == 1 ? "" : "." + digits[1..];
            return $"{sign}{digits[0]}{tail}e{(power < 0 ? '-' : '+')}{Math.Abs(power).ToString("00", CultureInfo.InvariantCulture)}";
        }
        if (point <= 0) return sign + "0." + new string('0', -point) + digits;
        if (point >= digits.Length) return sign + digits + new string('0', point - digits.Length);
        return sign + digits[..point] + "." + digits[point..];
    }

    /// <summary>The significant digits of a number's text, and where the point stands after the first of them.</summary>
    private static (string Digits, int Point) Digits(string text)
    {
        var e = text.IndexOf('E', StringComparison.Ordinal);
        var mantissa = (e < 0 ? text : text[..e]).TrimStart('-');
        var dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        var point = (dot < 0 ? mantissa.Length : dot) + (e < 0 ? 0 : int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var significant = digits.TrimStart('0');
        return (significant.TrimEnd('0'), point - (digits.Length - significant.Length));
    }

    /// <summary>The depth of the recursion is that of a value, which <see cref="JqMachine.Built"/> bounds.</summary>
    public static void Write(StringBuilder text, JsonValue value, int limit, JqMachine? machine = null)
    {
        if (text.Length > limit) return;
        machine?.CountWork(1);
        machine?.CountBytes(8);
        switch (value.Kind)
        {
            case JsonKind.Null: text.Append("null"); break;
            case JsonKind.True: text.Append("true"); break;
            case JsonKind.False: text.Append("false"); break;
            case JsonKind.Number: text.Append(Number(value)); break;
            case JsonKind.String: WriteString(text, value.AsString(), limit, machine); break;
            case JsonKind.Array:
                text.Append('[');
                for (var i = 0; i < value.Count && text.Length <= limit; i++)
                {
                    if (i > 0) text.Append(',');
                    Write(text, value.Items[i], limit, machine);
                }
                text.Append(']');
                break;
            default:
                text.Append('{');
                for (var i = 0; i < value.Count && text.Length <= limit; i++)
                {
                    if (i > 0) text.Append(',');
                    WriteString(text, value.Members[i].Key, limit, machine);
                    text.Append(':');
                    Write(text, value.Members[i].Value, limit, machine);
                }
                text.Append('}');
                break;
        }
    }

    private static void WriteString(StringBuilder text, string value, int limit, JqMachine? machine)
    {
        machine?.CountWork(value.Length);
        machine?.CountBytes(2L * value.Length);
        var end = value.Length <= limit ? value.Length : limit;
        if (end < value.Length && char.IsHighSurrogate(value[end - 1])) end--;
        var start = text.Length;
        JsonText.WriteString(text, end == value.Length ? value : value[..end]);
        text.Replace("\u007f", "\\u007f", start, text.Length - start);
    }
}
