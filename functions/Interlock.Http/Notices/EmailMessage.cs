using Interlock.Core.Notices;
using Interlock.Json;

namespace Interlock.Http.Notices;

/// <summary>What a relay makes an e-mail of: recipients, a subject of one line, a plain text. None of it is HTML.</summary>
internal static class EmailMessage
{
    public static JsonValue Of(NoticeChannel channel, Notice notice, NoticeText text, Uri link)
    {
        string[] lines = [text.Title, "", .. text.Facts.Select(fact => $"{fact.Name}: {fact.Value}"), "", text.LeftOut, link.AbsoluteUri];
        return JsonValue.Object(
            ("id", notice.Id.Value),
            ("to", JsonValue.Array(channel.To.Select(JsonValue.From))),
            ("subject", $"{text.Headline}: {text.Title}"),
            ("text", string.Join('\n', lines)),
            ("link", link.AbsoluteUri));
    }
}
