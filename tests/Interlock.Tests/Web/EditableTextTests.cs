using Interlock.Http.Pages;
using Interlock.Json;

namespace Interlock.Tests.Web;

public sealed class EditableTextTests
{
    [Theory]
    [InlineData("plain \u00e9 \u4f60 \U0001F600 \"quoted\" \\ / <b>")]
    [InlineData("a\u202Eb\u200Bc\uFEFF\u2066\u00A0\uFE0F")]
    [InlineData("tag \U000E0041\U000E0042 end")]
    [InlineData("\\\u202E\\\\\u200B")]
    [InlineData("line\nline\ttab\u0007\u2028")]
    public void Editable_OfJson_ShowsAllAndMeansTheSame(string text)
    {
        var value = JsonValue.Object((text, JsonValue.Array(text, 2.5, JsonValue.EmptyObject)));
        var editable = VisibleText.Editable(PrettyJson.Write(value));
        Assert.Equal(value, StrictJson.Parse(editable));
        Assert.DoesNotContain(editable, c => c is '\u202E' or '\u200B' or '\uFEFF' or '\u2066' or '\u00A0' or '\uFE0F' or '\u2028' or '\uDB40' or '\u0007');
    }
}
