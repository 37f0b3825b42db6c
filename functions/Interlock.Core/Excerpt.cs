using System.Text;

namespace Interlock.Core;

/// <summary>
/// The beginning of a text from outside, fit to be recorded: cut between characters, never within one, and with lone surrogates replaced. The
/// audit takes well-formed text only, and what it does not take would be lost.
/// </summary>
internal static class Excerpt
{
    public static string Of(string text, int length)
    {
        var cut = text.Length > length;
        if (cut) text = text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
        text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return cut ? text + "…" : text;
    }
}
