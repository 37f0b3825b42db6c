using System.Collections.Frozen;
using System.Text;

namespace Interlock.Core.Registry.Contracts;

/// <summary>Letters that people and models read as Latin ones: of other scripts, full-width, circled, and the mathematical alphabets of 52.</summary>
internal static class LookAlikes
{
    private const string Others = "аеорсухіѕјԁһӏԛԝАВЕКМНОРСТУХІЅЈԚԜαεικνορτυχϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
    private const string Latin = "aeopcyxisjdhlqwABEKMHOPCTYXISJQWaeikvoptuxcjABEZHIKMNOPTYX";

    private static readonly FrozenDictionary<int, Rune> Letters = Others.Zip(Latin).ToFrozenDictionary(pair => (int)pair.First, pair => new Rune(pair.Second));

    /// <summary>The letter that it looks like, else itself.</summary>
    public static Rune Letter(Rune rune) => rune.Value switch
    {
        < 0x80 => rune,
        >= 0xFF01 and <= 0xFF5E => new Rune(rune.Value - 0xFF01 + '!'),
        >= 0x24B6 and <= 0x24E9 => Alphabet(rune.Value - 0x24B6),
        >= 0x1D400 and <= 0x1D6A3 => Alphabet((rune.Value - 0x1D400) % 52),
        _ => Letters.GetValueOrDefault(rune.Value, rune),
    };

    private static Rune Alphabet(int at) => new(at < 26 ? 'A' + at : 'a' + at - 26);
}
