using Azure.Core;
using Azure.Messaging;
using Azure.Messaging.EventGrid;
using Interlock.Core.Intake;
using Interlock.Functions.Hosting;
using Microsoft.Extensions.Logging;
using CloudEvent = Interlock.Core.Intake.CloudEvent;

namespace Interlock.Functions.Edge;

/// <summary>Publishes to a custom topic of Event Grid, as CloudEvents 1.0, by managed identity. The ids of events are their own, so receivers can drop repeats.</summary>
internal sealed partial class EventGridPublisher(EventGridPublisherClient client, ILogger<EventGridPublisher> logger) : IEventPublisher
{
    /// <summary>The attributes that are no extensions.</summary>
    private static readonly string[] Written = ["specversion", "id", "source", "type", "subject", "time", "data", "datacontenttype", "dataschema"];

    /// <summary>A publisher to the topic of the settings; null where none is set.</summary>
    public static EventGridPublisher? Of(SettingReader settings, Func<TokenCredential> credential, ILoggerFactory loggers)
    {
        if (settings.Text(SettingNames.EventTopic) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var topic) && topic.Scheme == "https")
        {
            // Who starts a run waits for this; what must not be lost is published again by the run.
            var options = new EventGridPublisherClientOptions { Retry = { MaxRetries = 1, NetworkTimeout = TimeSpan.FromSeconds(5) } };
            return new EventGridPublisher(new EventGridPublisherClient(topic, credential(), options), loggers.CreateLogger<EventGridPublisher>());
        }
        settings.Problem(SettingNames.EventTopic, "is no https address: set it to the topic's endpoint, or remove it.");
        settings.ThrowIfAny();
        return null;
    }

    /// <summary>Any failure is the topic's or the way's to it, and reported; the events of a run that ended are published again.</summary>
    public async Task<bool> PublishAsync(CloudEvent happened, CancellationToken cancellationToken = default)
    {
        var data = happened.Json["data"] ?? Json.JsonValue.Null;
        var message = new Azure.Messaging.CloudEvent(happened.Source, happened.Type, BinaryData.FromString(data.ToString()), "application/json", CloudEventDataFormat.Json)
        {
            Id = happened.Id,
            Subject = happened.Subject,
            Time = happened.Json["time"]?.StringOrNull() is { } time ? DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture) : null,
        };
        foreach (var (name, value) in happened.Json.Members.Where(member => member.Key.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)) && !Written.Contains(member.Key)))
            if (value.StringOrNull() is { } text) message.ExtensionAttributes.Add(name, text);
        if (happened.Json["dataschema"]?.StringOrNull() is { } schema) message.DataSchema = schema;
        try
        {
            await client.SendEventAsync(message, cancellationToken);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.NotPublished(logger, e, happened.Id);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The event {Event} could not be published")]
        public static partial void NotPublished(ILogger logger, Exception e, string @event);
    }
}
