using System.Globalization;
using Interlock.Core.Approvals;
using Interlock.Core.Notices;
using Interlock.Json;

namespace Interlock.Http.Notices;

/// <summary>A notice as a CloudEvent 1.0 in structured mode. Its id is the notice's, so that receivers drop repeats; its texts are those that people are shown.</summary>
internal static class WebhookEvent
{
    public const string ContentType = "application/cloudevents+json";

    public static JsonValue Of(Notice notice, Gate gate, NoticeText text, Uri link)
    {
        var data = JsonValue.Object(
            ("gate", gate.Id.Value), ("headline", text.Headline), ("title", text.Title),
            ("facts", JsonValue.Object(text.Facts.Select(fact => KeyValuePair.Create(fact.Name, JsonValue.From(fact.Value))))),
            ("expiresAt", Time(gate.Request.ExpiresAt)), ("isEscalation", gate.Request.IsEscalation), ("link", link.AbsoluteUri));
        if (gate.Run is { } run) data = data.With("run", run.Value);
        if (gate.Outcome is { } outcome) data = data.With("outcome", outcome.ToString().ToLowerInvariant());
        return JsonValue.Object(
            ("specversion", "1.0"), ("id", notice.Id.Value), ("source", $"urn:interlock:{notice.Tenant}"), ("type", $"io.interlock.gate.{notice.What}.v1"),
            ("subject", gate.Id.Value), ("time", Time(notice.What == NoticeEvents.Closed ? gate.ClosedAt ?? notice.AnnouncedAt : gate.OpenedAt)),
            ("datacontenttype", "application/json"), ("data", data));
    }

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
}
