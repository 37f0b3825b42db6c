using System.Text;

namespace Interlock.Json.Jq;

/// <summary>Strings as jq sees them: sequences of code points.</summary>
internal static class JqStrings
{
    public static int Length(JqMachine machine, string text)
    {
        machine.CountWork(text.Length);
        var length = text.Length;
        for (var i = 1; i < text.Length; i++)
            if (char.IsLowSurrogate(text[i]) && char.IsHighSurrogate(text[i - 1])) length--;
        return length;
    }

    public static string Slice(string text, int start, int end)
    {
        var from = ToUnits(text, 0, start);
        return text[from..ToUnits(text, from, end - start)];
    }

    /// <summary>The UTF-16 index so many code points after another one.</summary>
    private static int ToUnits(string text, int from, int points)
    {
        var at = from;
        for (; points > 0 && at < text.Length; points--) at += IsPair(text, at) ? 2 : 1;
        return at;
    }

    public static bool IsPair(string text, int at) =>
        at + 1 < text.Length && char.IsHighSurrogate(text[at]) && char.IsLowSurrogate(text[at + 1]);

    /// <summary>Code point indices of every place, overlapping ones too.</summary>
    public static JsonValue Positions(JqMachine machine, string text, string wanted)
    {
        var found = JsonValue.EmptyArray;
        if (wanted.Length == 0) return found;
        var (points, seen) = (0, 0);
        for (var at = text.IndexOf(wanted, StringComparison.Ordinal); at >= 0; at = text.IndexOf(wanted, at + 1, StringComparison.Ordinal))
        {
            machine.CountWork(at - seen + wanted.Length);
            for (; seen < at; seen++)
                if (!IsPair(text, seen)) points++;
            found = machine.Built(found.Append(points), 1);
        }
        machine.CountWork(text.Length);
        return found;
    }

    public static JsonValue Split(JqMachine machine, string text, string separator)
    {
        if (text.Length == 0) return JsonValue.EmptyArray;
        machine.CountWork(text.Length);
        machine.CountBytes(2L * text.Length);
        var parts = JsonValue.EmptyArray;
        if (separator.Length == 0)
        {
            foreach (var rune in text.EnumerateRunes()) parts = machine.Built(parts.Append(rune.ToString()), 2);
            return parts;
        }
        var from = 0;
        for (var at = 0; at >= 0; from = at + separator.Length)
        {
            at = text.IndexOf(separator, from, StringComparison.Ordinal);
            parts = machine.Built(parts.Append(at < 0 ? text[from..] : text[from..at]), 2);
        }
        return parts;
    }

    /// <summary>One string per number; what is no Unicode scalar value becomes U+FFFD.</summary>
    public static JsonValue? Implode(JqMachine machine, JsonValue input)
    {
        if (!input.IsArray) return machine.Fail("implode input must be an array");
        var text = new StringBuilder();
        foreach (var item in input.Items)
        {
            if (!item.IsNumber || double.IsNaN(item.AsNumber()))
                return machine.Fail($"{JqText.Describe(item)} can't be imploded, unicode codepoint needs to be numeric");
            var number = Math.Truncate(item.AsNumber());
            text.Append(number is >= 0 and <= 0x10FFFF && Rune.IsValid((int)number) ? new Rune((int)number) : Rune.ReplacementChar);
        }
        machine.CountWork(input.Count);
        return machine.Text(text.ToString());
    }

    /// <summary>
    /// UTF-8 as jq reads it: a sequence that is cut short by a byte that does not continue it is one U+FFFD, one that the end cuts short takes
    /// the rest of the bytes with it.
    /// </summary>
    public static string FromUtf8(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        while (!bytes.IsEmpty)
        {
            var length = bytes[0] switch { < 0x80 => 1, >= 0xC2 and < 0xE0 => 2, >= 0xE0 and < 0xF0 => 3, >= 0xF0 and < 0xF5 => 4, _ => 0 };
            var used = Math.Clamp(length, 1, bytes.Length);
            var isWhole = length == used;
            for (var i = 1; isWhole && i < used; i++)
            {
                if ((bytes[i] & 0xC0) == 0x80) continue;
                (used, isWhole) = (i, false);
            }
            isWhole = isWhole && Rune.DecodeFromUtf8(bytes[..used], out _, out var read) == System.Buffers.OperationStatus.Done && read == used;
            text.Append(isWhole ? Encoding.UTF8.GetString(bytes[..used]) : "\ufffd");
            bytes = bytes[used..];
        }
        return text.ToString();
    }

    public static JsonValue Explode(JqMachine machine, string text)
    {
        machine.CountWork(text.Length);
        machine.CountBytes(64L * text.Length);
        return JsonValue.Array(text.EnumerateRunes().Select(rune => JsonValue.From(rune.Value)));
    }
}
