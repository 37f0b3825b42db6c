using System.Globalization;
using System.Text;

namespace Interlock.Json.Jq;

/// <summary>
/// A set of characters for a pattern: in the Basic Multilingual Plane a bracket expression, beyond it surrogate pairs spelled out, since .NET
/// matches UTF-16 units.
/// </summary>
internal sealed class RegexSet
{
    private const int FirstAstral = 0x10000;
    private const int LastAstral = 0x10FFFF;
    private const int Categories = 30;

    private static readonly UnicodeCategory[] All = Enum.GetValues<UnicodeCategory>();

    private static readonly string[] Names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    private static readonly Lazy<List<(int From, int To)>[]> Astral = new(Scan);

    private readonly StringBuilder _plane = new();
    private readonly List<(int From, int To)> _beyond = [];
    private uint _categories;

    public bool IsEmpty => _plane.Length == 0 && _beyond.Count == 0 && _categories == 0;

    public void Add(int from, int to)
    {
        if (from < FirstAstral)
        {
            Append(from);
            if (to > from)
            {
                _plane.Append('-');
                Append(Math.Min(to, FirstAstral - 1));
            }
        }
        if (to >= FirstAstral) _beyond.Add((Math.Max(from, FirstAstral), to));
    }

    /// <summary>A class by its POSIX or Unicode name; false when there is none of that name.</summary>
    public bool Add(string name, bool negated)
    {
        var key = name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
        var (categories, ranges) = Known(key);
        if (categories == 0 && ranges.Length == 0) return false;
        if (!negated)
        {
            _categories |= categories;
            foreach (var (from, to) in ranges) Add(from, to);
            return true;
        }
        // The named control characters are the only ones that classes pick from a category, so the others of it are their complement.
        var control = Bit(UnicodeCategory.Control);
        if (ranges.Length == 0) _categories |= ~categories & ((1u << Categories) - 1);
        else if (ranges.All(range => range.To <= 0x9F && IsControl(range.From)))
        {
            _categories |= ~(categories | control) & ((1u << Categories) - 1);
            foreach (var (from, to) in Complement(ranges, 0, 0x1F).Concat(Complement(ranges, 0x7F, 0x9F))) Add(from, to);
        }
        else foreach (var (from, to) in Complement(ranges, 0, LastAstral)) Add(from, to);
        return true;
    }

    /// <summary>For texts without surrogates.</summary>
    public string ForUnits(bool negated)
    {
        var plane = _plane + Named(_categories);
        if (plane.Length == 0) return negated ? "[\\s\\S]" : "[^\\s\\S]";
        return $"[{(negated ? "^" : "")}{plane}]";
    }

    /// <summary>For texts with surrogates, of which this never matches one half.</summary>
    public string ForPairs(bool negated)
    {
        var plane = _plane + Named(_categories & ~Bit(UnicodeCategory.Surrogate));
        var one = negated ? $"[^{plane}\\uD800-\\uDFFF]" : plane.Length == 0 ? "" : $"[{plane}]";
        var ranges = new List<(int From, int To)>(_beyond);
        for (var i = 0; i < Categories; i++)
            if ((_categories & (1u << i)) != 0) ranges.AddRange(Astral.Value[i]);
        var united = Complement([.. Complement([.. ranges], FirstAstral, LastAstral)], FirstAstral, LastAstral).ToArray();
        var beyond = Pairs(negated ? Complement(united, FirstAstral, LastAstral) : united);
        return beyond.Length == 0 ? (one.Length == 0 ? "[^\\s\\S]" : one) : $"(?:{beyond}{(one.Length == 0 ? "" : "|" + one)})";
    }

    private static (uint Categories, (int From, int To)[] Ranges) Known(string name) => name switch
    {
        "ANY" => ((1u << Categories) - 1, []),
        "DIGIT" => (Bit(UnicodeCategory.DecimalDigitNumber), []),
        "WORD" => (Group('L') | Group('M') | Group('N') | Bit(UnicodeCategory.ConnectorPunctuation), []),
        "SPACE" or "WHITESPACE" => (Group('Z'), [(0x9, 0xD), (0x85, 0x85)]),
        "XDIGIT" => (0, [('0', '9'), ('A', 'F'), ('a', 'f')]),
        "ALPHA" or "ALPHABETIC" => (Group('L') | Bit(UnicodeCategory.LetterNumber), []),
        "ALNUM" => (Group('L') | Bit(UnicodeCategory.LetterNumber) | Bit(UnicodeCategory.DecimalDigitNumber), []),
        "UPPER" or "UPPERCASE" => (Bit(UnicodeCategory.UppercaseLetter), []),
        "LOWER" or "LOWERCASE" => (Bit(UnicodeCategory.LowercaseLetter), []),
        "BLANK" => (Bit(UnicodeCategory.SpaceSeparator), [(0x9, 0x9)]),
        "CNTRL" => (Bit(UnicodeCategory.Control), []),
        "PUNCT" => (Group('P') | Group('S'), []),
        "GRAPH" => (Group('L') | Group('M') | Group('N') | Group('P') | Group('S') | Bit(UnicodeCategory.Format) | Bit(UnicodeCategory.PrivateUse), []),
        "PRINT" => (Group('L') | Group('M') | Group('N') | Group('P') | Group('S') | Bit(UnicodeCategory.Format) | Bit(UnicodeCategory.PrivateUse) | Bit(UnicodeCategory.SpaceSeparator), []),
        "ASCII" => (0, [(0, 0x7F)]),
        "LETTER" => (Group('L'), []),
        "MARK" => (Group('M'), []),
        "NUMBER" => (Group('N'), []),
        "SYMBOL" => (Group('S'), []),
        "PUNCTUATION" => (Group('P'), []),
        "SEPARATOR" => (Group('Z'), []),
        "OTHER" => (Group('C'), []),
        { Length: 1 } => (Group(name[0]), []),
        _ => (Array.FindIndex(Names, known => string.Equals(known, name, StringComparison.OrdinalIgnoreCase)) is >= 0 and var at ? 1u << at : 0, []),
    };

    private static uint Bit(UnicodeCategory category) => 1u << (int)category;

    private static uint Group(char letter) => Names.Index().Where(name => name.Item[0] == letter).Aggregate(0u, (bits, name) => bits | (1u << name.Index));

    private static bool IsControl(int point) => point is < 0x20 or (>= 0x7F and <= 0x9F);

    private static string Named(uint categories) => string.Concat(Names.Index().Where(name => (categories & (1u << name.Index)) != 0).Select(name => $"\\p{{{name.Item}}}"));

    private void Append(int point) => _plane.Append(CultureInfo.InvariantCulture, $"\\u{point:X4}");

    private static IEnumerable<(int From, int To)> Complement((int From, int To)[] ranges, int first, int last)
    {
        var next = first;
        foreach (var (from, to) in ranges.OrderBy(range => range.From))
        {
            if (to < next) continue;
            if (from > last) break;
            if (from > next) yield return (next, from - 1);
            next = to + 1;
        }
        if (next <= last) yield return (next, last);
    }

    /// <summary>The low halves of each high one; high ones with the same low ones stand together.</summary>
    private static string Pairs(IEnumerable<(int From, int To)> ranges)
    {
        var lows = new SortedDictionary<int, StringBuilder>();
        foreach (var (from, to) in ranges)
        {
            for (var high = High(from); high <= High(to); high++)
            {
                var low = high == High(from) ? Low(from) : 0xDC00;
                var end = high == High(to) ? Low(to) : 0xDFFF;
                if (!lows.TryGetValue(high, out var set)) lows.Add(high, set = new StringBuilder());
                set.Append(CultureInfo.InvariantCulture, $"\\u{low:X4}-\\u{end:X4}");
            }
        }
        return string.Join('|', lows.GroupBy(pair => pair.Value.ToString(), pair => pair.Key, StringComparer.Ordinal)
            .Select(group => $"[{string.Concat(group.Select(high => string.Create(CultureInfo.InvariantCulture, $"\\u{high:X4}")))}][{group.Key}]"));
    }

    private static int High(int point) => 0xD800 + ((point - FirstAstral) >> 10);

    private static int Low(int point) => 0xDC00 + ((point - FirstAstral) & 0x3FF);

    private static List<(int From, int To)>[] Scan()
    {
        var found = All.Select(_ => new List<(int From, int To)>()).ToArray();
        for (var point = FirstAstral; point <= LastAstral; point++)
        {
            var ranges = found[(int)CharUnicodeInfo.GetUnicodeCategory(point)];
            if (ranges.Count > 0 && ranges[^1].To == point - 1) ranges[^1] = (ranges[^1].From, point);
            else ranges.Add((point, point));
        }
        return found;
    }
}
