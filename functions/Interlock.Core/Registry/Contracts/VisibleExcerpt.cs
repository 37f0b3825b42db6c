using System.Text;

namespace Interlock.Core.Registry.Contracts;

/// <summary>The beginning of a text from outside as a person is to see it: what shows nothing as an escape.</summary>
internal static class VisibleExcerpt
{
    public static string Of(string text, int length)
    {
        var visible = new StringBuilder();
        foreach (var rune in Excerpt.Of(text, length).EnumerateRunes())
            if (HiddenCharacters.Contains(rune)) visible.Append(HiddenCharacters.Escape(rune.Value));
            else visible.Append(rune.ToString());
        return visible.ToString();
    }
}
