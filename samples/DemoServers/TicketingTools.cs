using Interlock.Json;

namespace Interlock.Samples.DemoServers;

/// <summary>The ticketing server: reads tickets.</summary>
internal static class TicketingTools
{
    private static readonly Dictionary<string, JsonValue> Tickets = new[]
    {
        Ticket("T-1001", "Checkout fails since this morning's release", "Customers get HTTP 500 at checkout since release 412 went out at 01:40. Revenue is affected.", "urgent", "ana@contoso.com"),
        Ticket("T-1002", "Search is slow", "Search takes eight seconds at peak; CPU of all instances is above 90 %.", "high", "ben@contoso.com"),
        Ticket("T-1003", "Payments worker hangs", "The payments worker stopped picking up jobs; memory keeps growing.", "high", "chiara@contoso.com"),
        Ticket("T-1004", "Typo on the start page", "It says 'welcom'.", "low", "dev@contoso.com"),
    }.ToDictionary(ticket => ticket["ticketId"]!.AsString() /* every ticket has one */, StringComparer.Ordinal);

    public static IReadOnlyList<DemoTool> All { get; } =
    [
        new("""
            {
              "name": "get_ticket",
              "title": "Get ticket",
              "description": "Reads one support ticket.",
              "inputSchema": {
                "type": "object",
                "properties": { "ticketId": { "type": "string", "description": "For example T-1001." } },
                "required": ["ticketId"],
                "additionalProperties": false
              },
              "outputSchema": {
                "type": "object",
                "properties": {
                  "ticketId": { "type": "string" },
                  "subject": { "type": "string" },
                  "text": { "type": "string" },
                  "priority": { "type": "string", "enum": ["low", "normal", "high", "urgent"] },
                  "requester": { "type": "string" }
                },
                "required": ["ticketId", "subject", "text", "priority", "requester"],
                "additionalProperties": false
              },
              "annotations": { "title": "Get ticket", "readOnlyHint": true, "idempotentHint": true, "openWorldHint": false }
            }
            """,
            effect: false,
            (arguments, _) =>
            {
                var id = arguments["ticketId"]?.StringOrNull() ?? "";
                return Task.FromResult(Tickets.TryGetValue(id, out var ticket) ? DemoAnswer.Of(ticket) : DemoAnswer.Failed($"There is no ticket {id}."));
            }),
    ];

    private static JsonValue Ticket(string id, string subject, string text, string priority, string requester) => JsonValue.Object(
        ("ticketId", id), ("subject", subject), ("text", text), ("priority", priority), ("requester", requester));
}
