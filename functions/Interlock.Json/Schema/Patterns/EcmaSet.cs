using System.Globalization;
using System.Text;

namespace Interlock.Json.Schema;

/// <summary>
/// A set of code points written for .NET, whose regular expressions see UTF-16 units: a class for the basic plane and
/// surrogate pairs for the rest.
/// </summary>
internal sealed class EcmaSet
{
    public const string AnyButLineEnds = @"(?:[^\n\r\u2028\u2029\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])";

    private const int FirstAstral = 0x10000;
    private const int LastAstral = 0x10FFFF;

    private readonly StringBuilder _bmp = new();
    private readonly List<(int Low, int High)> _astral = [];

    public void AddBmp(string ranges) => _bmp.Append(ranges);

    public void AddAstral() => _astral.Add((FirstAstral, LastAstral));

    public void Add(int low, int high)
    {
        if (low < FirstAstral) _bmp.Append(Unit(low)).Append('-').Append(Unit(Math.Min(high, FirstAstral - 1)));
        if (high >= FirstAstral) _astral.Add((Math.Max(low, FirstAstral), high));
    }

    public static string Literal(int point) => point < FirstAstral
        ? Unit(point)
        : $"(?:{Unit(char.ConvertFromUtf32(point)[0])}{Unit(char.ConvertFromUtf32(point)[1])})";

    public string Write(bool negated)
    {
        var alternatives = new List<string>();
        if (negated) alternatives.Add($@"[^{_bmp}\ud800-\udfff]");
        else if (_bmp.Length > 0) alternatives.Add($"[{_bmp}]");
        foreach (var (low, high) in negated ? Others() : _astral) Pairs(low, high, alternatives);
        return alternatives.Count switch
        {
            0 => @"[^\x00-\uffff]",
            1 => alternatives[0],
            _ => $"(?:{string.Join('|', alternatives)})",
        };
    }

    private IEnumerable<(int Low, int High)> Others()
    {
        var next = FirstAstral;
        foreach (var (low, high) in _astral.OrderBy(range => range.Low))
        {
            if (low > next) yield return (next, low - 1);
            next = Math.Max(next, high + 1);
        }
        if (next <= LastAstral) yield return (next, LastAstral);
    }

    private static void Pairs(int low, int high, List<string> alternatives)
    {
        while (low <= high)
        {
            var start = char.ConvertFromUtf32(low);
            var rowEnd = low | 0x3FF; // all code points with this high surrogate
            if ((low & 0x3FF) == 0 && high >= rowEnd)
            {
                var last = (high + 1 & ~0x3FF) - 1; // whole rows up to here
                alternatives.Add($@"[{Unit(start[0])}-{Unit(char.ConvertFromUtf32(last)[0])}][\udc00-\udfff]");
                low = last + 1;
                continue;
            }
            var stop = char.ConvertFromUtf32(Math.Min(high, rowEnd));
            alternatives.Add($"{Unit(start[0])}[{Unit(start[1])}-{Unit(stop[1])}]");
            low = Math.Min(high, rowEnd) + 1;
        }
    }

    private static string Unit(int unit) => string.Create(CultureInfo.InvariantCulture, $"\\u{unit:x4}");
}
