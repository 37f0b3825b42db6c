using System.Buffers.Text;
using System.Text;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Http.Sessions;

/// <summary>A value that a browser keeps for us and cannot change: base64url of its JSON, a dot, its MAC for one purpose.</summary>
internal static class SealedText
{
    private const int MaxLength = 4096;

    public static string Write(Mac mac, string purpose, JsonValue value) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(value.ToString())) + "." + mac.Sign(purpose, value);

    /// <summary>The object that was written for this purpose, or null when the text is not one.</summary>
    public static JsonValue? Read(Mac mac, string purpose, string? text, int maxLength = MaxLength)
    {
        if (text is not { Length: > 0 } || text.Length > maxLength) return null;
        var dot = text.IndexOf('.');
        if (dot <= 0 || !Base64Url.IsValid(text.AsSpan(0, dot))) return null;
        try
        {
            var value = StrictJson.Parse(Base64Url.DecodeFromChars(text.AsSpan(0, dot)));
            if (!value.IsObject || !mac.Verify(purpose, value, text[(dot + 1)..])) return null;
            return Write(mac, purpose, value) == text ? value : null; // the MAC is the value's: of its spellings only ours counts
        }
        catch (FormatException)
        {
            return null; // not I-JSON, or not one spelling of base64url
        }
    }
}
