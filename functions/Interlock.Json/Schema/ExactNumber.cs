using System.Globalization;
using System.Numerics;

namespace Interlock.Json.Schema;

/// <summary>A JSON number as digits and a power of ten, so that 0.3 is a multiple of 0.1.</summary>
internal readonly record struct ExactNumber(BigInteger Digits, int Exponent) : IComparable<ExactNumber>
{
    private const int LargestExponent = 4096;
    private const int MostDigits = 4096;

    public bool IsWhole => Exponent >= 0 || (Digits % BigInteger.Pow(10, -Exponent)).IsZero;

    /// <summary>The number's decimal text as it stands, or null when it is too long or too far from one to be worth it.</summary>
    public static ExactNumber? Of(JsonValue number)
    {
        var text = number.Literal ?? JsonText.FormatNumber(number.AsNumber());
        var e = text.AsSpan().IndexOfAny('e', 'E');
        var exponent = 0;
        if (e >= 0 && (!int.TryParse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) ||
            Math.Abs(exponent) > LargestExponent))
        {
            return null;
        }
        var mantissa = e < 0 ? text : text[..e];
        if (mantissa.Length > MostDigits) return null;
        var dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        if (dot >= 0)
        {
            exponent -= mantissa.Length - dot - 1;
            mantissa = mantissa.Remove(dot, 1);
        }
        return new(BigInteger.Parse(mantissa, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), exponent);
    }

    public bool IsMultipleOf(ExactNumber divisor)
    {
        var (a, b) = Align(this, divisor);
        return (a % b).IsZero;
    }

    public int CompareTo(ExactNumber other)
    {
        var (a, b) = Align(this, other);
        return a.CompareTo(b);
    }

    private static (BigInteger, BigInteger) Align(ExactNumber a, ExactNumber b)
    {
        var least = Math.Min(a.Exponent, b.Exponent);
        return (a.Digits * BigInteger.Pow(10, a.Exponent - least), b.Digits * BigInteger.Pow(10, b.Exponent - least));
    }
}
