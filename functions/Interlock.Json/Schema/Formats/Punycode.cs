using System.Text;

namespace Interlock.Json.Schema;

/// <summary>RFC 3492, for labels of at most 63 characters.</summary>
internal static class Punycode
{
    /// <summary>The code points, or null when the text encodes none.</summary>
    public static List<int>? Decode(string text)
    {
        var dash = text.LastIndexOf('-');
        var output = new List<int>();
        for (var k = 0; k < dash; k++) output.Add(text[k]);
        var (n, i, bias, at) = (128, 0, 72, dash + 1);
        while (at < text.Length)
        {
            var (start, weight) = (i, 1);
            for (var k = 36; ; k += 36)
            {
                if (at == text.Length || Digit(text[at++]) is not (>= 0 and var digit)) return null;
                if (digit > (int.MaxValue - i) / weight) return null;
                i += digit * weight;
                var t = Math.Clamp(k - bias, 1, 26);
                if (digit < t) break;
                if (weight > int.MaxValue / (36 - t)) return null;
                weight *= 36 - t;
            }
            bias = Adapt(i - start, output.Count + 1, start == 0);
            if (i / (output.Count + 1) > 0x10FFFF - n) return null;
            n += i / (output.Count + 1);
            i %= output.Count + 1;
            if (!Rune.IsValid(n)) return null;
            output.Insert(i++, n);
        }
        return output;
    }

    /// <summary>The encoding, without the prefix.</summary>
    public static string Encode(List<int> label)
    {
        var (n, delta, bias) = (128, 0L, 72);
        var text = new StringBuilder();
        foreach (var point in label.Where(point => point < 128)) text.Append((char)point);
        var basic = text.Length;
        if (basic > 0) text.Append('-');
        for (var handled = basic; handled < label.Count; delta++, n++)
        {
            var next = label.Where(point => point >= n).Min();
            delta += (long)(next - n) * (handled + 1);
            n = next;
            foreach (var point in label)
            {
                if (point < n) delta++;
                if (point != n) continue;
                var q = delta;
                for (var k = 36; ; k += 36)
                {
                    var t = Math.Clamp(k - bias, 1, 26);
                    if (q < t) break;
                    text.Append(Letter((int)(t + (q - t) % (36 - t))));
                    q = (q - t) / (36 - t);
                }
                text.Append(Letter((int)q));
                bias = Adapt((int)delta, handled + 1, handled == basic);
                delta = 0;
                handled++;
            }
        }
        return text.ToString();
    }

    private static char Letter(int digit) => (char)(digit < 26 ? 'a' + digit : '0' + digit - 26);

    private static int Digit(char c) => c switch
    {
        >= 'a' and <= 'z' => c - 'a',
        >= 'A' and <= 'Z' => c - 'A',
        >= '0' and <= '9' => c - '0' + 26,
        _ => -1,
    };

    private static int Adapt(int delta, int count, bool first)
    {
        delta = first ? delta / 700 : delta / 2;
        delta += delta / count;
        var k = 0;
        for (; delta > 455; k += 36) delta /= 35;
        return k + 36 * delta / (delta + 38);
    }
}
