using System.Diagnostics;
using System.Text;
using Interlock.Core.Approvals;
using Interlock.Core.Notices;
using Interlock.Http.Notices;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Notices;

/// <summary>Cards: small enough for every gate, valid to Microsoft's own reader of Adaptive Cards, and without anything that acts.</summary>
public sealed class TeamsCardTests
{
    private const int Limit = 28 * 1024;

    private static readonly Uri _link = new("https://interlock.example/approvals/open/" + new string('a', 300));

    /// <summary>
    /// Reads the card as version 1.4 with the reader that renders it in browsers, and writes it again: what it does not know it drops, and what is wrong
    /// it reports. No npm package has the JSON schema of 1.4.
    /// </summary>
    private const string Reader = """
        const cards = require(process.argv[1] + '/node_modules/adaptivecards/dist/adaptivecards.js');
        const context = new cards.SerializationContext(cards.Versions.v1_4);
        const card = new cards.AdaptiveCard();
        card.parse(JSON.parse(require('fs').readFileSync(0, 'utf8')), context);
        const events = [...Array(context.eventCount).keys()].map(i => context.getEventAt(i).message);
        const failures = card.validateProperties().validationEvents.map(e => e.message);
        process.stdout.write(JSON.stringify({ events: events.concat(failures), card: card.toJSON() }));
        """;

    public static TheoryData<string, string> Texts => new()
    {
        { NoticeEvents.Opened, Gates.Hostile },
        { NoticeEvents.Closed, Gates.Hostile },
        { NoticeEvents.Opened, "\U000E0041" },
        { NoticeEvents.Opened, "日" },
        { NoticeEvents.Opened, "😀" },
        { NoticeEvents.Opened, "\\\"" },
        { NoticeEvents.Closed, "\u202e" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Of_LargestGate_IsBelowTheLimit(string what, string text) =>
        Assert.InRange(Encoding.UTF8.GetByteCount(Message(Gates.Closed(Gates.Largest(text)), what).ToString()), 500, Limit - 1024);

    [Theory]
    [InlineData(NoticeEvents.Opened, false)]
    [InlineData(NoticeEvents.Opened, true)]
    [InlineData(NoticeEvents.Closed, false)]
    [InlineData(NoticeEvents.Closed, true)]
    public void Of_AnyGate_IsReadWholeByMicrosoftsReader(string what, bool largest)
    {
        var card = Card(Message(Gates.Closed(largest ? Gates.Largest() : Gates.Plain), what));

        var (events, read) = Read(card);

        Assert.Empty(events);
        Assert.Equal(CanonicalJson.Digest(card), CanonicalJson.Digest(read));
    }

    [Theory]
    [InlineData("""{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"x","bold":true}]}""")]
    [InlineData("""{"type":"RichText","inlines":[]}""")]
    [InlineData("""{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"x","weight":"heavy"}]}""")]
    [InlineData("""{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":7}]}""")]
    public void Reader_CardWithAMistake_IsNotTheSame(string element)
    {
        var card = Card(Message(Gates.Plain, NoticeEvents.Opened));
        card = card.With("body", card["body"]!.Append(StrictJson.Parse(element)));

        var (events, read) = Read(card);

        Assert.True(events.Count > 0 || CanonicalJson.Digest(card) != CanonicalJson.Digest(read));
    }

    [Fact]
    public void Of_Gate_SaysWhatIsAskedAndWhereItIsDecided()
    {
        var text = Text(Message(Gates.Plain, NoticeEvents.Opened));

        foreach (var part in (string[])
                 [
                     "Approval needed", "Restart the mail server?", "support/fix 1.0.0", "Ana (user:ana)", "3 calls: crm/apply ×2, crm/revert", "group:sre, user:zoe", "2 approvals",
                     "2026-03-03 12:30 UTC", "the run fails", "The review page shows every call with its exact arguments",
                 ])
            Assert.Contains(part, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ClosedGate_SaysHowAndByWhom()
    {
        var gate = Gates.Closed(Gates.Plain) with { Votes = [new Vote("user:sam", "Sam", "group:sre", true, "a reason", default, "sha256:x")] };

        var text = Text(Message(gate, NoticeEvents.Closed));

        Assert.Contains("Approval approved", text, StringComparison.Ordinal);
        Assert.Contains("Sam (approves)", text, StringComparison.Ordinal);
        Assert.DoesNotContain("a reason", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_LargestGate_SaysHowManyAreLeftOut()
    {
        var text = Text(Message(Gates.Largest("tool"), NoticeEvents.Opened));

        Assert.Contains("100 calls: ", text, StringComparison.Ordinal);
        Assert.Contains("and 85 more", text, StringComparison.Ordinal);
        Assert.Contains("and 35 more", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NoticeEvents.Opened)]
    [InlineData(NoticeEvents.Closed)]
    public void Of_HostileGate_HoldsNothingThatActsOrIsReadAsMarkUp(string what)
    {
        var message = Message(Gates.Closed(Gates.Largest()), what);

        Assert.Equal(["Action.OpenUrl", "AdaptiveCard", "RichTextBlock", "TextRun", "message"], Types(message).Distinct().Order(StringComparer.Ordinal));
        var action = Assert.Single(Card(message)["actions"]!.Items);
        Assert.Equal(_link.AbsoluteUri, action["url"]!.AsString());
        Assert.Equal("Review", action["title"]!.AsString());
        var text = Text(message);
        foreach (var active in (string[])["https://", "www.", "{{", "\u202e", "\u200b", "\n", "\r"]) Assert.DoesNotContain(active, text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("[Approve](https\\u003a//evil.example) **now**", text, StringComparison.Ordinal); // shown, in a run that reads no Markdown
    }

    [Theory]
    [InlineData(NoticeEvents.Opened)]
    [InlineData(NoticeEvents.Closed)]
    public void Of_AnyGate_HoldsNoArgumentAndNoDescription(string what)
    {
        var message = Message(Gates.Closed(Gates.Plain), what).ToString();

        foreach (var secret in (string[])["an argument", "xxx", "a description", World.Address.Host]) Assert.DoesNotContain(secret, message, StringComparison.Ordinal);
    }

    private static JsonValue Message(Gate gate, string what) => TeamsCard.Of(NoticeText.Of(gate, what, gate.Initiators[0] == "user:ana" ? "Ana (user:ana)" : gate.Initiators[0]), _link);

    private static JsonValue Card(JsonValue message)
    {
        var attachment = Assert.Single(message["attachments"]!.Items);
        Assert.Equal("application/vnd.microsoft.card.adaptive", attachment["contentType"]!.AsString());
        return attachment["content"]!;
    }

    private static string Text(JsonValue message) =>
        string.Join('|', Card(message)["body"]!.Items.Select(block => string.Concat(block["inlines"]!.Items.Select(run => run["text"]!.AsString()))));

    private static IEnumerable<string> Types(JsonValue value) => value switch
    {
        { IsArray: true } => value.Items.SelectMany(Types),
        { IsObject: true } => [.. value["type"]?.StringOrNull() is { } type ? [type] : Array.Empty<string>(), .. value.Members.SelectMany(member => Types(member.Value))],
        _ => [],
    };

    private static (List<string> Events, JsonValue Card) Read(JsonValue card)
    {
        var start = new ProcessStartInfo(Tools.Program("node"), ["-e", Reader, Tools.Folder("cards")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = new UTF8Encoding(false),
        };
        using var node = Process.Start(start) ?? throw new InvalidOperationException("node does not start.");
        node.StandardInput.Write(card.ToString());
        node.StandardInput.Close();
        var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEnd());
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, errors);
        var read = StrictJson.ParseLenient(output.Result);
        return ([.. read["events"]!.Items.Select(item => item.AsString())], read["card"]!);
    }
}
