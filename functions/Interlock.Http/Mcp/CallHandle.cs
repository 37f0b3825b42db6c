using Interlock.Core;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// What a caller holds of a call that took longer than its answer may: its effect, the tool by the name the caller used and by its own, and the time it may
/// take. <see cref="Problem"/>: it ended, and so, where the ledger holds no outcome.
/// </summary>
internal sealed record CallHandle(EffectId Effect, string Name, string Target, DateTimeOffset StartedAt, DateTimeOffset Deadline)
{
    public Problem? Problem { get; init; }

    /// <summary>What a call is shown as while it works: no result of the tool, so a tool with a contract for its results admits this beside it.</summary>
    public static JsonValue Schema { get; } = StrictJson.Parse("""
        { "type": "object", "required": ["status", "handle", "tool", "startedAt", "deadline", "pollAfterSeconds"], "properties": {
          "status": { "const": "working" }, "handle": { "type": "string" }, "tool": { "type": "string" },
          "startedAt": { "type": "string" }, "deadline": { "type": "string" }, "pollAfterSeconds": { "type": "integer" } } }
        """);
}
