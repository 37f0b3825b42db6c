using System.Globalization;
using Interlock.Json.Schema;

namespace Interlock.Json.Jq;

/// <summary>
/// Numbers as written. jq remembers the digits of a number until it computes with it; a <see cref="JsonValue.Literal"/> here holds them in
/// the form in which jq prints them: the General Decimal Arithmetic specification's to-scientific-string.
/// </summary>
internal static class JqNumbers
{
    private const int ShortDigits = 15; // so many digits of a whole number any double holds
    private const long LargestExponent = 999_999_999;
    private const int ComparisonWork = 512;

    /// <summary>The number a decimal text stands for, or null when it is none. A text that is not what jq prints for the double is kept on request.</summary>
    public static JsonValue? Parse(string text, bool keepsText)
    {
        if (text.Length is > 0 and <= ShortDigits && text[0] is >= '1' and <= '9' && text.All(char.IsAsciiDigit)) return double.Parse(text, CultureInfo.InvariantCulture);
        if (Special(text) is { } special) return special;
        if (Canonical(text) is not { } written) return null;
        var number = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!keepsText || written.Length == 0) return number;
        // A zero keeps its text so that its negation can be told from that of a computed zero.
        return number != 0 && written == JqText.Number(number) ? number : JsonValue.FromLiteral(number, written);
    }

    /// <summary>The same number with the other sign, digits kept. Of a written zero it is that zero.</summary>
    public static JsonValue Negate(JsonValue number)
    {
        if (number.Literal is not { } text) return -number.AsNumber();
        var plain = text.TrimStart('-');
        var isPlain = number.AsNumber() == 0 || text[0] == '-';
        return JsonValue.FromLiteral(number.AsNumber() == 0 ? 0 : -number.AsNumber(), isPlain ? plain : "-" + plain);
    }

    /// <summary>The number without its sign, digits kept.</summary>
    public static JsonValue Abs(JsonValue number) =>
        number.Literal is { } text ? JsonValue.FromLiteral(Math.Abs(number.AsNumber()), text.TrimStart('-')) : Math.Abs(number.AsNumber());

    /// <summary>By all digits where both are known, else as doubles. NaN is less than every number.</summary>
    public static int Compare(JqMachine machine, JsonValue a, JsonValue b)
    {
        var (left, right) = (a.AsNumber(), b.AsNumber());
        if (a.Literal is not null && b.Literal is not null && !(IsShort(a) && IsShort(b)))
        {
            machine.CountWork(ComparisonWork);
            if (ExactNumber.Of(a) is { } exact && ExactNumber.Of(b) is { } other) return exact.CompareTo(other);
        }
        return double.IsNaN(left) ? -1 : double.IsNaN(right) ? 1 : left.CompareTo(right);
    }

    public static bool AreEqual(JqMachine machine, JsonValue a, JsonValue b) =>
        a.Literal is null || b.Literal is null ? a.AsNumber() == b.AsNumber() : Compare(machine, a, b) == 0;

    /// <summary>Whether its double says all there is to say: so few digits, and not so far from one, that no two numbers have the same.</summary>
    private static bool IsShort(JsonValue number) =>
        number.Literal is { Length: <= ShortDigits } text && (Math.Abs(number.AsNumber()) is > 1e-300 and < 1e300 || !text.Contains('E', StringComparison.Ordinal));

    private static double? Special(string text) => text.TrimStart('+', '-').ToUpperInvariant() switch
    {
        _ when text.LastIndexOfAny(['+', '-']) > 0 => null,
        "NAN" => double.NaN,
        "INF" or "INFINITY" => text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity,
        _ => null,
    };

    /// <summary>The text in jq's form; empty when the exponent is out of all range, null when it is no decimal number.</summary>
    private static string? Canonical(string text)
    {
        var at = 0;
        var sign = "";
        if (at < text.Length && text[at] is '+' or '-') sign = text[at++] == '-' ? "-" : "";
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        var digits = text[start..at];
        var exponent = 0L;
        if (at < text.Length && text[at] == '.')
        {
            start = ++at;
            while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
            digits += text[start..at];
            exponent = start - at;
        }
        if (digits.Length == 0) return null;
        if (at < text.Length)
        {
            var power = text.AsSpan(at + 1);
            if (text[at] is not ('e' or 'E') || power.IsEmpty || power[(power[0] is '+' or '-' ? 1 : 0)..] is not { IsEmpty: false } figures || figures.ContainsAnyExceptInRange('0', '9')) return null;
            if (!long.TryParse(power, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var written) || Math.Abs(written) > LargestExponent) return "";
            exponent += written;
        }
        digits = digits.TrimStart('0');
        if (digits.Length == 0) digits = "0";
        var adjusted = exponent + digits.Length - 1;
        if (exponent <= 0 && adjusted >= -6)
        {
            if (exponent == 0) return sign + digits;
            var point = digits.Length + (int)exponent;
            return point > 0 ? $"{sign}{digits[..point]}.{digits[point..]}" : $"{sign}0.{new string('0', -point)}{digits}";
        }
        var fraction = digits.Length > 1 ? "." + digits[1..] : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{fraction}E{(adjusted < 0 ? "-" : "+")}{Math.Abs(adjusted)}");
    }
}
