using System.Collections.Immutable;
using Interlock.Core.Approvals;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>How the calls of a gate differ, as lists of <c>{ frame, pointer, from, to }</c>: the row holds the values, the audit their digests.</summary>
internal static class GateChanges
{
    /// <summary>The arguments that differ, call by call.</summary>
    public static JsonValue Between(ImmutableArray<BoundCall> before, ImmutableArray<BoundCall> after) => JsonValue.Array(
        after.SelectMany((call, i) => JsonDiff.Between(before[i].Arguments, call.Arguments).Select(change => Change(call, change))));

    /// <summary>What of the bound calls differs (arguments, contract, endpoint, policy), or null when nothing does.</summary>
    public static JsonValue? Drift(Gate gate, ImmutableArray<BoundCall> now)
    {
        var changes = now.SelectMany((call, i) => JsonDiff.Between(RunJson.ToValue(gate.Calls[i]), RunJson.ToValue(call)).Select(change => Change(call, change))).ToList();
        return changes.Count == 0 ? null : JsonValue.Array(changes);
    }

    /// <summary>The list with digests in the place of the values.</summary>
    public static JsonValue Digested(JsonValue details) => details.IsArray ? JsonValue.Array(details.Items.Select(Digested)) : details.IsObject && details["pointer"] is not null
        ? JsonValue.Object(details.Members.Select(member => member.Key is "from" or "to" ? KeyValuePair.Create(member.Key, JsonValue.From(CanonicalJson.Digest(member.Value))) : member))
        : details;

    private static JsonValue Change(BoundCall call, JsonChange change)
    {
        var json = JsonValue.Object(("frame", call.Frame.Value), ("pointer", change.Pointer));
        if (change.From is { } from) json = json.With("from", from);
        return change.To is { } to ? json.With("to", to) : json;
    }
}
