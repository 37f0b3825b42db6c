using System.Text;
using Interlock.Http.Notices;

namespace Interlock.Tests.Notices;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("Post 5 € to Zoë 日本 😀", "Post 5 € to Zoë 日本 😀")]
    [InlineData("a\r\nBcc: x", "a\\u000d\\u000aBcc: x")]
    [InlineData("a\u202eb\u200bc\ufeff", "a\\u202eb\\u200bc\\ufeff")]
    [InlineData("a\U000E0041", "a\\u{e0041}")]
    [InlineData("a\\u202e", "a\\\\u202e")]
    [InlineData("see https://evil.example/x", "see https\\u003a//evil.example/x")]
    [InlineData("see WWW.evil.example", "see WWW\\u002eevil.example")]
    [InlineData("{{DATE(x)}} {{{", "{\\u007bDATE(x)}} {\\u007b\\u007b")]
    [InlineData("a\u00a0b\u3000c", "a\\u00a0b\\u3000c")]
    [InlineData("", "")]
    public void Of_Text_ShowsWhatItIs(string text, string shown) => Assert.Equal(shown, PlainText.Of(text, 100));

    [Theory]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdefg", 6, "abcdef…")]
    [InlineData("abcde\u202e", 6, "abcde…")]
    [InlineData("abcde😀x", 6, "abcde…")]
    public void Of_TooLong_IsCutBetweenCharacters(string text, int length, string shown) => Assert.Equal(shown, PlainText.Of(text, length));

    [Fact]
    public void Of_EveryCharacter_IsOneLineOfVisibleOnes()
    {
        for (var code = 0; code <= 0x10FFFF; code++)
        {
            var text = code is >= 0xD800 and <= 0xDFFF ? ((char)code).ToString() : char.ConvertFromUtf32(code);
            var shown = PlainText.Of(text, 20);
            if (shown.EnumerateRunes().Any(rune => rune == Rune.ReplacementChar ? code != 0xFFFD : Core.HiddenCharacters.Contains(rune))) Assert.Fail($"U+{code:X4} is shown as it is.");
        }
    }
}
