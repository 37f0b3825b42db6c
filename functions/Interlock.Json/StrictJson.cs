using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Interlock.Json;

/// <summary>
/// Reads JSON from raw bytes. <c>Parse</c> accepts only I-JSON (RFC 7493) whose numbers keep their value in
/// RFC 8785 form: duplicate names, lone surrogates, invalid UTF-8, 2^53+1 and 1e400 are refused.
/// <c>ParseLenient</c> is for data a person holds (jq, documents): last duplicate wins, big numbers keep their text.
/// </summary>
public static class StrictJson
{
    /// <summary>The deepest nesting either reader accepts.</summary>
    public const int MaxDepth = 256;

    /// <exception cref="NotIJsonException">The bytes are no JSON, or not I-JSON; says which, where, and what to do.</exception>
    public static JsonValue Parse(ReadOnlySpan<byte> utf8) => new Reader(strict: true).Run(utf8);

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte})"/>
    public static JsonValue Parse(string json) => Parse(Encode(json));

    /// <exception cref="NotIJsonException">The bytes are no JSON.</exception>
    public static JsonValue ParseLenient(ReadOnlySpan<byte> utf8) => new Reader(strict: false).Run(utf8);

    /// <inheritdoc cref="ParseLenient(ReadOnlySpan{byte})"/>
    public static JsonValue ParseLenient(string json) => ParseLenient(Encode(json));

    private static byte[] Encode(string json)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(json);
        }
        catch (EncoderFallbackException)
        {
            throw new NotIJsonException("The text holds a lone surrogate.", "");
        }
    }

    private sealed class Reader(bool strict)
    {
        /// <summary>So many digits of a whole number any double holds.</summary>
        private const int MostShortDigits = 15;

        private readonly List<string> _path = [];

        public JsonValue Run(ReadOnlySpan<byte> utf8)
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
            try
            {
                if (!reader.Read()) throw Refuse("The input is empty; a JSON value was expected.");
                var value = Value(ref reader);
                if (reader.Read()) throw Refuse("There is more text after the JSON value.");
                return value;
            }
            catch (JsonException e)
            {
                throw Refuse($"Not JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {Reason(e)}");
            }
        }

        private JsonValue Value(ref Utf8JsonReader reader) => reader.TokenType switch
        {
            JsonTokenType.Null => JsonValue.Null,
            JsonTokenType.True => JsonValue.True,
            JsonTokenType.False => JsonValue.False,
            JsonTokenType.Number => Number(reader.ValueSpan),
            JsonTokenType.String => JsonValue.From(Text(ref reader)),
            JsonTokenType.StartArray => Items(ref reader),
            _ => Members(ref reader),
        };

        private JsonValue Items(ref Utf8JsonReader reader)
        {
            var array = JsonValue.EmptyArray;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                _path.Add(array.Count.ToString(CultureInfo.InvariantCulture));
                array = array.Append(Value(ref reader));
                _path.RemoveAt(_path.Count - 1);
            }
            return array;
        }

        private JsonValue Members(ref Utf8JsonReader reader)
        {
            var result = JsonValue.EmptyObject;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var name = Text(ref reader);
                if (strict && result.Members.Contains(name)) throw Refuse($"The name {JsonValue.From(name)} stands twice in one object.");
                reader.Read();
                _path.Add(name);
                result = result.With(name, Value(ref reader));
                _path.RemoveAt(_path.Count - 1);
            }
            return result;
        }

        private string Text(ref Utf8JsonReader reader)
        {
            try
            {
                return reader.GetString()!; // string and name tokens have text
            }
            catch (InvalidOperationException)
            {
                throw Refuse("A string holds invalid UTF-8 or a lone surrogate.");
            }
        }

        private JsonValue Number(ReadOnlySpan<byte> utf8)
        {
            if (utf8.Length <= MostShortDigits && Utf8Parser.TryParse(utf8, out long whole, out var used) && used == utf8.Length && whole != 0) return JsonValue.From(whole);
            var text = Encoding.ASCII.GetString(utf8);
            var value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
            if (KeepsValue(text, value)) return JsonValue.From(value);
            if (strict) throw Refuse($"The number {Shorten(text)} changes its value as an IEEE double; send it as a string.");
            return JsonValue.FromLiteral(value, text);
        }

        /// <summary>
        /// Whether the double's shortest decimal form (RFC 8785) has the written digits and power of ten: 0.1 and 1.50 do,
        /// 2^53+1, 1e400 and a fraction of more digits than a double holds do not.
        /// </summary>
        private static bool KeepsValue(string text, double value)
        {
            if (double.IsInfinity(value)) return false;
            if (Digits(text, out var exponent) is not { Length: > 0 } written) return true;
            if (value == 0) return false;
            var kept = Digits(JsonText.FormatNumber(value), out var keptExponent);
            return exponent == keptExponent && kept == written;
        }

        /// <summary>The significant digits, no zeros at either end, and the power of ten of the first; none for a zero.</summary>
        private static string Digits(string number, out long exponent)
        {
            var e = number.AsSpan().IndexOfAny('e', 'E');
            var mantissa = (e < 0 ? number : number[..e]).TrimStart('-');
            exponent = 0;
            if (e >= 0 && !long.TryParse(number.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent))
                exponent = number[e + 1] == '-' ? long.MinValue / 2 : long.MaxValue / 2;
            var dot = mantissa.IndexOf('.');
            var digits = dot < 0 ? mantissa : mantissa.Remove(dot, 1);
            exponent += (dot < 0 ? mantissa.Length : dot) - (digits.Length - digits.TrimStart('0').Length);
            return digits.Trim('0');
        }

        private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";

        private static string Reason(JsonException e)
        {
            var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            return end < 0 ? e.Message : e.Message[..end];
        }

        private NotIJsonException Refuse(string message) => new(message, JsonPointer.Format(_path));
    }
}
