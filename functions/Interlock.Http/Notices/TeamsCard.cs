using Interlock.Json;

namespace Interlock.Http.Notices;

/// <summary>
/// What a Workflows webhook of Teams takes: a message with one Adaptive Card 1.4, below 28 KB for every gate. Its only action opens a page. All text
/// stands in text runs, which show it as it is; text blocks and facts would read it as Markdown.
/// </summary>
internal static class TeamsCard
{
    public static JsonValue Of(NoticeText notice, Uri link) => JsonValue.Object(
        ("type", "message"),
        ("attachments", JsonValue.Array(JsonValue.Object(("contentType", "application/vnd.microsoft.card.adaptive"), ("content", Card(notice, link))))));

    private static JsonValue Card(NoticeText notice, Uri link) => JsonValue.Object(
        ("$schema", "http://adaptivecards.io/schemas/adaptive-card.json"),
        ("type", "AdaptiveCard"),
        ("version", "1.4"),
        ("fallbackText", "An approval is waiting in Interlock; this program can't show more of it."),
        ("body", JsonValue.Array([
            Block(Run(notice.Headline, ("size", "Small"), ("weight", "Bolder"))),
            Block(Run(notice.Title, ("size", "Large"), ("weight", "Bolder"))),
            .. notice.Facts.Select(fact => Block(Run(fact.Name + ": ", ("weight", "Bolder")), Run(fact.Value))),
            Block(Run(notice.LeftOut, ("size", "Small"), ("isSubtle", true))),
        ])),
        ("actions", JsonValue.Array(JsonValue.Object(("type", "Action.OpenUrl"), ("title", "Review"), ("url", link.AbsoluteUri)))));

    private static JsonValue Block(params ReadOnlySpan<JsonValue> runs) => JsonValue.Object(("type", "RichTextBlock"), ("inlines", JsonValue.Array(runs)));

    private static JsonValue Run(string text, params ReadOnlySpan<(string, JsonValue)> style) => JsonValue.Object([("type", "TextRun"), ("text", text), .. style]);
}
