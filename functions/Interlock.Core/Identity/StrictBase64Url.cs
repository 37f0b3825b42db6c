using System.Buffers.Text;

namespace Interlock.Core.Identity;

/// <summary>RFC 7515's base64url with exactly one spelling per value: no padding, no white space, unused bits zero.</summary>
public static class StrictBase64Url
{
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')) return null;
        if (text.Length % 4 == 1) return null;
        try
        {
            var bytes = Base64Url.DecodeFromChars(text);
            return text.SequenceEqual(Base64Url.EncodeToString(bytes)) ? bytes : null;
        }
        catch (FormatException)
        {
            return null; // unused bits set
        }
    }
}
