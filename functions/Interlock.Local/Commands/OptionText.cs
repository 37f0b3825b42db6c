using System.Text.RegularExpressions;

namespace Interlock.Local.Commands;

/// <summary>What stands where a file or program is expected and has the form of an option (<c>-r</c>, <c>--raw</c>): the parser takes an option that it does not know for an argument.</summary>
internal static partial class OptionText
{
    public static bool IsOne(string text) => Form().IsMatch(text);

    public static string Unknown(string text) => $"There is no option {Output.Plain(text)}; --help lists those there are.";

    [GeneratedRegex(@"^--?[A-Za-z][A-Za-z-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
