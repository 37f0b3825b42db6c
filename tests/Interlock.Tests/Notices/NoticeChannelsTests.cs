using System.Text;
using Interlock.Core.Notices;
using Interlock.Core.Policy;

namespace Interlock.Tests.Notices;

public sealed class NoticeChannelsTests
{
    private const string Secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

    [Fact]
    public void Parse_OfEachKind_ReadsIt()
    {
        var channels = Parse($$"""
            { "name": "sre", "kind": "teams", "url": "https://hooks/x?sig=1", "for": ["group:sre", "user:zoe:x"], "events": ["opened", "closed"] },
            { "name": "mail", "kind": "email", "url": "https://mail/x", "to": ["a.b+c@contoso.com"], "events": ["opened"] },
            { "name": "hook", "kind": "webhook", "url": "https://hook/x", "secret": "{{Secret}}" }
            """);

        var (sre, mail, hook) = (channels.Find("sre")!, channels.Find("mail")!, channels.Find("hook")!); // just given
        Assert.Equal([new Approver(ApproverKind.Group, "sre"), new Approver(ApproverKind.User, "zoe:x")], sre.For);
        Assert.True(sre.TellsClosing);
        Assert.False(mail.TellsClosing);
        Assert.Equal(["a.b+c@contoso.com"], mail.To);
        Assert.Equal(32, hook.Key!.Value.Length); // just given
        Assert.Equal((NoticeChannelKind.Teams, NoticeChannelKind.Email, NoticeChannelKind.Webhook), (sre.Kind, mail.Kind, hook.Kind));
    }

    [Theory]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "https://h", "urls": "https://hidden" }""", "/channels/0/urls")]
    [InlineData("""{ "name": "X", "kind": "teams", "url": "https://h" }""", "/channels/0/name")]
    [InlineData("""{ "kind": "teams", "url": "https://h" }""", "/channels/0/name")]
    [InlineData("""{ "name": "x", "kind": "slack", "url": "https://h" }""", "/channels/0/kind")]
    [InlineData("""{ "name": "x", "kind": "teams" }""", "/channels/0/url")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "http://hidden" }""", "/channels/0/url")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "http://127.0.0.1/hidden" }""", "/channels/0/url")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "file:///hidden" }""", "/channels/0/url")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "https://user:hidden@h" }""", "/channels/0/url")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "https://h", "for": ["sre"] }""", "/channels/0/for/0")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "https://h", "for": [] }""", "/channels/0/for")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "https://h", "for": [{ "group": "sre" }] }""", "/channels/0/for/0")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "https://h", "events": ["closed"] }""", "/channels/0/events")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "https://h", "secret": "whsec_hidden" }""", "/channels/0/secret")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "https://h", "to": ["a@b.c"] }""", "/channels/0/to")]
    [InlineData("""{ "name": "x", "kind": "email", "url": "https://h" }""", "/channels/0/to")]
    [InlineData("""{ "name": "x", "kind": "email", "url": "https://h", "to": ["hidden@b.c\r\nBcc: e@v.il"] }""", "/channels/0/to/0")]
    [InlineData("""{ "name": "x", "kind": "email", "url": "https://h", "to": ["hidden@b.c,e@v.il"] }""", "/channels/0/to/0")]
    [InlineData("""{ "name": "x", "kind": "webhook", "url": "https://h" }""", "/channels/0/secret")]
    [InlineData("""{ "name": "x", "kind": "webhook", "url": "https://h", "secret": "hidden" }""", "/channels/0/secret")]
    [InlineData("""{ "name": "x", "kind": "webhook", "url": "https://h", "secret": "whsec_aGlkZGVu" }""", "/channels/0/secret")]
    [InlineData("""{ "name": "x", "kind": "teams", "url": "https://h" }, { "name": "x", "kind": "teams", "url": "https://h" }""", "/channels/1/name")]
    [InlineData("\"hidden\"", "/channels/0")]
    public void Parse_Wrong_SaysWhereAndRepeatsNoSecret(string channels, string pointer)
    {
        var e = Assert.Throws<FormatException>(() => Parse(channels));

        Assert.StartsWith(pointer + ": ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("aGlkZGVu", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "channels": [], "channels": [] }""")]
    [InlineData("https://hidden")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{ "channels": {} }""")]
    [InlineData("{}")]
    public void Parse_NoSuchDocument_IsRefused(string json)
    {
        var e = Assert.Throws<FormatException>(() => NoticeChannels.Parse(Encoding.UTF8.GetBytes(json), false));

        Assert.DoesNotContain("hidden", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_SeveralWrong_SaysAllAtOnce()
    {
        var e = Assert.Throws<FormatException>(() => Parse("""{ "name": "", "kind": "x", "url": "y" }, 1"""));

        foreach (var pointer in (string[])["/channels/0/name", "/channels/0/kind", "/channels/0/url", "/channels/1"])
            Assert.Contains(pointer + ": ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_LoopbackAllowed_TakesHttpToThisMachineOnly()
    {
        const string local = """{ "name": "x", "kind": "teams", "url": "http://127.0.0.1:5/x" }""";

        Assert.NotNull(Parse(local, allowLoopback: true).Find("x"));
        Assert.Throws<FormatException>(() => Parse(local.Replace("127.0.0.1", "10.0.0.1", StringComparison.Ordinal), allowLoopback: true));
    }

    [Fact]
    public void ToString_Channel_IsItsNameAlone()
    {
        var channel = Parse($$"""{ "name": "hook", "kind": "webhook", "url": "https://hook/hidden", "secret": "{{Secret}}" }""").Find("hook")!; // just given

        Assert.Equal("hook", $"{channel}");
    }

    private static NoticeChannels Parse(string channels, bool allowLoopback = false) =>
        NoticeChannels.Parse(Encoding.UTF8.GetBytes($$"""{ "channels": [ {{channels}} ] }"""), allowLoopback);
}
