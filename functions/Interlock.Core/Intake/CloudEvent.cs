using Interlock.Json;

namespace Interlock.Core.Intake;

/// <summary>A CloudEvents 1.0 event in structured JSON form; <see cref="Json"/> is the whole envelope as a scheduled run sees it.</summary>
public sealed record CloudEvent(string Id, string Source, string Type, string? Subject, JsonValue Json)
{
    /// <summary>The extension attribute by which an event that a run of ours emitted is known again when it comes back from outside.</summary>
    public const string OwnKey = "interlockevent";

    private const int MaxAttribute = 1024;

    /// <summary>Reads an envelope, or says what is wrong with it.</summary>
    public static (CloudEvent? Event, string? Error) Read(JsonValue json)
    {
        if (!json.IsObject) return (null, "A CloudEvent is a JSON object.");
        if (json["specversion"]?.StringOrNull() != "1.0") return (null, "'specversion' must be \"1.0\".");
        foreach (var name in (ReadOnlySpan<string>)["id", "source", "type"])
            if (json[name]?.StringOrNull() is not { Length: > 0 and <= MaxAttribute }) return (null, $"'{name}' must be a text of 1 to {MaxAttribute} characters.");
        if (json["subject"] is { } subject && subject.StringOrNull() is not { Length: > 0 and <= MaxAttribute }) return (null, $"'subject' must be a text of 1 to {MaxAttribute} characters.");
        return (new CloudEvent(json["id"]!.AsString(), json["source"]!.AsString(), json["type"]!.AsString(), json["subject"]?.AsString(), json), null); // just checked
    }
}
