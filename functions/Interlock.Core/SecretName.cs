namespace Interlock.Core;

/// <summary>What a secret is called wherever it is kept: in a file, or in a key vault.</summary>
public static class SecretName
{
    /// <summary>What a name is, in words.</summary>
    public const string Form = "1 to 64 lower-case letters, digits and dashes";

    private const int MaxLength = 64;

    /// <summary>Whether a text is one, as <see cref="Form"/> says.</summary>
    public static bool Is(string text) => text.Length is >= 1 and <= MaxLength && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
