using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Samples.DemoServers;

/// <summary>An A2A 0.3 agent that classifies tickets by fixed rules over their text: the same ticket always gets the same answer.</summary>
internal sealed class ClassifierAgent(DemoState state)
{
    private const int MaxBody = 1024 * 1024;

    private static readonly (string Word, string Service)[] Services =
        [("checkout", "checkout"), ("cart", "checkout"), ("payment", "payments"), ("search", "search")];

    private static readonly (string[] Words, string Recommendation, string Reason)[] Rules =
    [
        (["release", "deploy", "since this morning"], "rollback_release", "the trouble began with a release"),
        (["slow", "peak", "cpu", "load"], "scale_out", "the service is short of capacity"),
        (["hang", "memory", "stopped", "stuck"], "restart", "the process no longer makes progress"),
    ];

    public static JsonValue Card(Uri url) => JsonValue.Object(
        ("protocolVersion", "0.3.0"),
        ("name", "ticket-classifier"),
        ("description", "Reads a support ticket and says which service it is about, how severe it is and what to do."),
        ("url", url.AbsoluteUri),
        ("preferredTransport", "JSONRPC"),
        ("version", "1.0.0"),
        ("capabilities", JsonValue.Object(("streaming", false), ("pushNotifications", false))),
        ("defaultInputModes", JsonValue.Array(JsonValue.From("application/json"))),
        ("defaultOutputModes", JsonValue.Array(JsonValue.From("application/json"))),
        ("skills", JsonValue.Array(JsonValue.Object(
            ("id", "classify"),
            ("name", "Classify a ticket"),
            ("description", "A ticket in, {service, severity, recommendation, confidence, reason} out."),
            ("tags", JsonValue.Array(JsonValue.From("support")))))));

    public static JsonValue Classify(JsonValue ticket)
    {
        var text = $"{ticket["subject"]?.StringOrNull()} {(ticket["body"] ?? ticket["text"] ?? ticket["task"])?.StringOrNull()}".ToLowerInvariant();
        var service = Services.FirstOrDefault(rule => text.Contains(rule.Word, StringComparison.Ordinal)).Service ?? "unknown";
        var rule = Rules.FirstOrDefault(rule => rule.Words.Any(word => text.Contains(word, StringComparison.Ordinal)));
        var severity = (ticket["priority"]?.StringOrNull(), service) switch
        {
            ("urgent", not "unknown") => "critical",
            ("high" or "urgent", _) => "high",
            ("low", _) => "low",
            _ => "normal",
        };
        var certain = service != "unknown" && rule.Recommendation is not null;
        return JsonValue.Object(
            ("service", service),
            ("severity", severity),
            ("recommendation", rule.Recommendation ?? "none"),
            ("confidence", certain ? 0.9 : 0.3),
            ("reason", certain ? $"The ticket is about {service} and {rule.Reason}." : "The ticket names no known service or symptom."));
    }

    public async Task HandleAsync(HttpContext context)
    {
        JsonValue request;
        try
        {
            request = await JsonBody.ReadAsync(context, MaxBody);
        }
        catch (NotIJsonException e)
        {
            await WriteErrorAsync(context, JsonValue.Null, -32700, e.Message);
            return;
        }

        var id = request["id"] ?? JsonValue.Null;
        if (request["method"]?.StringOrNull() != "message/send")
        {
            await WriteErrorAsync(context, id, -32601, "Only message/send is offered.");
            return;
        }
        var message = request["params"]?["message"];
        if (message?["parts"]?[0]?["data"] is not { IsObject: true } input)
        {
            await WriteErrorAsync(context, id, -32602, "Send one data part that holds a ticket.");
            return;
        }
        state.Record(new("ticket-classifier", input, message["metadata"]?["interlock/idempotencyKey"]?.StringOrNull(), Repeated: false));
        await JsonBody.WriteAsync(context, JsonValue.Object(("jsonrpc", "2.0"), ("id", id), ("result", JsonValue.Object(
            ("kind", "message"),
            ("role", "agent"),
            ("messageId", $"answer-{message["messageId"]?.StringOrNull()}"),
            ("parts", JsonValue.Array(JsonValue.Object(("kind", "data"), ("data", Classify(input["ticket"] ?? input)))))))));
    }

    private static Task WriteErrorAsync(HttpContext context, JsonValue id, int code, string message) => JsonBody.WriteAsync(
        context, JsonValue.Object(("jsonrpc", "2.0"), ("id", id), ("error", JsonValue.Object(("code", code), ("message", message)))));
}
