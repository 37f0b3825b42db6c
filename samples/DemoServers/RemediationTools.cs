using Interlock.Json;

namespace Interlock.Samples.DemoServers;

/// <summary>The remediation server: changes a service, checks it, writes it down, takes it back.</summary>
internal static class RemediationTools
{
    public static IReadOnlyList<DemoTool> All(DemoState state, DemoServersOptions options) =>
    [
        new("""
            {
              "name": "apply",
              "title": "Apply a remediation",
              "description": "Changes a running service. The change takes effect at once.",
              "inputSchema": {
                "type": "object",
                "properties": {
                  "service": { "type": "string", "description": "checkout, payments or search." },
                  "action": { "type": "string", "enum": ["restart", "scale_out", "rollback_release"] },
                  "ticketId": { "type": "string" }
                },
                "required": ["service", "action", "ticketId"],
                "additionalProperties": false
              },
              "outputSchema": {
                "type": "object",
                "properties": {
                  "changeId": { "type": "string" },
                  "service": { "type": "string" },
                  "previous": { "type": "string" },
                  "current": { "type": "string" }
                },
                "required": ["changeId", "service", "previous", "current"],
                "additionalProperties": false
              },
              "annotations": { "title": "Apply a remediation", "readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": false }
            }
            """,
            effect: true,
            async (arguments, ct) =>
            {
                var service = Text(arguments, "service");
                if (state.Apply(service, Text(arguments, "action"), Text(arguments, "ticketId")) is not { } change)
                    return DemoAnswer.Failed($"There is no service {service}.");
                await Task.Delay(options.ApplyDelay, ct);
                return DemoAnswer.Of(JsonValue.Object(
                    ("changeId", change.Id), ("service", change.Service), ("previous", change.Previous), ("current", change.Current)));
            }),
        new("""
            {
              "name": "verify",
              "title": "Verify a change",
              "description": "Checks whether the service is healthy after a change.",
              "inputSchema": {
                "type": "object",
                "properties": { "changeId": { "type": "string" } },
                "required": ["changeId"],
                "additionalProperties": false
              },
              "outputSchema": {
                "type": "object",
                "properties": {
                  "changeId": { "type": "string" },
                  "healthy": { "type": "boolean" },
                  "service": { "type": "string" },
                  "state": { "type": "string" }
                },
                "required": ["changeId", "healthy", "service", "state"],
                "additionalProperties": false
              },
              "annotations": { "title": "Verify a change", "readOnlyHint": true, "idempotentHint": true, "openWorldHint": false }
            }
            """,
            effect: false,
            (arguments, _) =>
            {
                var id = Text(arguments, "changeId");
                if (state.Changes.FirstOrDefault(change => change.Id == id) is not { } change)
                    return Task.FromResult(DemoAnswer.Failed($"There is no change {id}."));
                if (options.FailVerify) return Task.FromResult(DemoAnswer.Failed($"{change.Service} is not healthy after {id}: 37 % of requests fail."));
                return Task.FromResult(DemoAnswer.Of(JsonValue.Object(
                    ("changeId", id), ("healthy", true), ("service", change.Service), ("state", state.Service(change.Service) ?? change.Current))));
            }),
        new("""
            {
              "name": "log",
              "title": "Log a change",
              "description": "Writes the summary of a change to the operations log.",
              "inputSchema": {
                "type": "object",
                "properties": { "changeId": { "type": "string" }, "summary": { "type": "string" } },
                "required": ["changeId", "summary"],
                "additionalProperties": false
              },
              "outputSchema": {
                "type": "object",
                "properties": { "entryId": { "type": "string" } },
                "required": ["entryId"],
                "additionalProperties": false
              },
              "annotations": { "title": "Log a change", "readOnlyHint": false, "destructiveHint": false, "idempotentHint": false, "openWorldHint": false }
            }
            """,
            effect: true,
            (arguments, _) => Task.FromResult(DemoAnswer.Of(JsonValue.Object(("entryId", $"LOG-{state.AddLogEntry(arguments)}"))))),
        new("""
            {
              "name": "revert",
              "title": "Revert a change",
              "description": "Puts the service back to where it was before a change.",
              "inputSchema": {
                "type": "object",
                "properties": { "changeId": { "type": "string" } },
                "required": ["changeId"],
                "additionalProperties": false
              },
              "outputSchema": {
                "type": "object",
                "properties": {
                  "changeId": { "type": "string" },
                  "service": { "type": "string" },
                  "current": { "type": "string" }
                },
                "required": ["changeId", "service", "current"],
                "additionalProperties": false
              },
              "annotations": { "title": "Revert a change", "readOnlyHint": false, "destructiveHint": true, "idempotentHint": true, "openWorldHint": false }
            }
            """,
            effect: true,
            (arguments, _) =>
            {
                var id = Text(arguments, "changeId");
                return Task.FromResult(state.Revert(id) is { } change
                    ? DemoAnswer.Of(JsonValue.Object(("changeId", id), ("service", change.Service), ("current", change.Previous)))
                    : DemoAnswer.Failed($"There is no change {id}."));
            }),
    ];

    /// <summary>A required string, which the source has checked.</summary>
    private static string Text(JsonValue arguments, string name) => arguments[name]?.StringOrNull() ?? "";
}
