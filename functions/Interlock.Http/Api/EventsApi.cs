using Interlock.Core;
using Interlock.Core.Intake;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>
/// CloudEvents 1.0 in structured mode, alone or in a batch, and the handshakes of the webhook (CloudEvents HTTP WebHooks 1.0) and of Event Grid's own
/// schema. What repeats is taken again without effect, so that a sender may always repeat a whole batch.
/// </summary>
internal static class EventsApi
{
    private const int MaxBatch = 100;

    public static async Task<ApiResult> ReceiveAsync(ApiRequest request)
    {
        var isBatch = request.Json.IsArray;
        if (isBatch && ValidationCode(request.Json) is { } code) return ApiResult.Ok(JsonValue.Object(("validationResponse", code)));
        if (isBatch && request.MediaType == "application/cloudevents+json") return Invalid("A batch is sent as application/cloudevents-batch+json.");
        if (isBatch && request.Json.Count > MaxBatch) return Invalid($"A batch holds at most {MaxBatch} events.");
        var events = new List<CloudEvent>();
        foreach (var item in isBatch ? request.Json.Items : (IEnumerable<JsonValue>)[request.Json])
        {
            var (happened, error) = CloudEvent.Read(item);
            if (happened is null) return Invalid(isBatch ? $"Event {events.Count}: {error}" : error ?? "This is no CloudEvent."); // nothing was taken yet
            events.Add(happened);
        }
        var started = new List<RunStart>();
        var refused = new List<(CloudEvent Event, Problem Problem)>(); // each is in the audit, or a mistake
        foreach (var happened in events)
        {
            switch (await request.Web.Intake.ReceiveAsync(request.Caller, happened, request.Aborted))
            {
                case IntakeResult.Started done: started.AddRange(done.Runs); break;
                case IntakeResult.Refused no: refused.Add((happened, no.Problem)); break;
            }
        }
        if (refused.Count > 0 && refused.Count == events.Count) return ApiResult.FailRecorded(refused[0].Problem with { Stage = refused[0].Problem.Stage ?? "intake" });
        return ApiResult.Ok(JsonValue.Object(
            ("runs", JsonValue.Array(started.Select(run => JsonValue.Object(
                ("runId", run.State.Id.Value), ("workflow", run.State.Workflow.Name), ("version", run.State.Workflow.Version))))),
            ("duplicates", started.Count(run => !run.IsNew)),
            ("refused", JsonValue.Array(refused.Select(no => JsonValue.Object(("id", no.Event.Id), ("source", no.Event.Source), ("problem", no.Problem.ToJson())))))), 202);
    }

    public static Task<ApiResult> HandshakeAsync(ApiRequest request)
    {
        var origin = request.Http.Request.Headers["WebHook-Request-Origin"].ToString();
        var headers = request.Http.Response.Headers;
        headers.Allow = "POST, OPTIONS";
        if (!IsHost(origin)) return Task.FromResult(Invalid("The handshake names its origin in WebHook-Request-Origin."));
        var known = request.Web.Options.EventOrigins;
        if (known.Count > 0 && !known.Contains(origin, StringComparer.OrdinalIgnoreCase))
            return Task.FromResult(ApiResult.Fail(new Problem(ProblemTypes.Authorization, 403, "This origin may not deliver events", "It is not in the list of event origins.") { Stage = "http", Rule = "origin-not-allowed" }));
        headers["WebHook-Allowed-Origin"] = origin;
        headers["WebHook-Allowed-Rate"] = "*";
        return Task.FromResult(ApiResult.Empty(200));
    }

    private static bool IsHost(string origin) => origin.Length is > 0 and <= 255 && origin.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or ':' or '*');

    /// <summary>The code to send back when Event Grid, in its own schema, asks whether this endpoint wants its events.</summary>
    private static string? ValidationCode(JsonValue batch) =>
        batch is { Count: 1 } && batch[0]?["eventType"]?.StringOrNull() == "Microsoft.EventGrid.SubscriptionValidationEvent"
            ? batch[0]?["data"]?["validationCode"]?.StringOrNull()
            : null;

    private static ApiResult Invalid(string detail) =>
        ApiResult.Fail(new Problem(ProblemTypes.Validation, 400, "The events are not valid", detail) { Stage = "intake", Rule = "invalid-event" });
}
