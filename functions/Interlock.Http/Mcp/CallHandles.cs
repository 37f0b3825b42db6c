using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// The handles that were given, and <c>interlock__call_status</c>, which tells what became of a call. A handle is the call's effect id and leads to it only for who
/// made it: the same principal, and with a run token the same run and frame. Whether it happened is the ledger's word, so every instance knows.
/// </summary>
internal sealed class CallHandles(ITableStore store, ToolGateway gateway, TimeProvider time)
{
    public const string StatusTool = "interlock__call_status";

    private const string Table = "callhandles";

    /// <summary>How long after its deadline a call without an outcome is still taken to be at work: it may be being recorded.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>How long a handle is kept after its call's deadline.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private static readonly JsonValue StatusSchema = StrictJson.Parse("""
        { "type": "object", "required": ["handle"], "additionalProperties": false, "properties": { "handle": { "type": "string", "description": "The handle in the result of a call that is still working" } } }
        """);

    private readonly Expiries _expiries = new(store);

    public static JsonValue Status { get; } = JsonValue.Object(
        ("name", StatusTool),
        ("title", "Status of a call"),
        ("description", "What became of a call that was still working when it was answered: its result once it has one."),
        ("inputSchema", StatusSchema),
        ("annotations", JsonValue.Object(("readOnlyHint", true), ("idempotentHint", true))));

    /// <summary>Keeps a handle, durably; or finds the one that this call has already.</summary>
    public async Task<CallHandle> GiveAsync(McpCaller caller, CallHandle handle, CancellationToken cancellationToken)
    {
        var (key, body) = (Key(caller, handle.Effect), RunJson.ToValue(handle));
        await _expiries.NoteAsync(caller.Principal.Tenant, new Expiry(Table, key, handle.Deadline + Kept) { After = ("deadline", Kept) }, cancellationToken);
        while (true)
        {
            if ((await store.InsertAsync(Table, key, body, cancellationToken)).Ok) return handle;
            if (await store.GetAsync(Table, key, cancellationToken) is not { } row) continue;
            if (Read(row) is { Problem: null } given && time.GetUtcNow() < given.Deadline) return given;
            if ((await store.ReplaceAsync(Table, key, body, row.ETag, cancellationToken)).Ok) return handle;
        }
    }

    /// <summary>Notes how the call ended where the ledger doesn't say: it was refused, or nobody will find out.</summary>
    public async Task EndAsync(McpCaller caller, CallHandle handle, GatewayResult result)
    {
        var problem = result switch
        {
            GatewayResult.Refused refused => refused.Refusal.ToProblem(),
            GatewayResult.InDoubt doubt => doubt.Problem,
            _ => null,
        };
        if (problem is null) return;
        var key = Key(caller, handle.Effect);
        while (await store.GetAsync(Table, key) is { } row)
            if ((await store.ReplaceAsync(Table, key, RunJson.ToValue(Read(row) with { Problem = problem }), row.ETag)).Ok) return;
    }

    /// <summary>The handle of a call that is at work now, or null.</summary>
    public async Task<CallHandle?> WorkingAsync(McpCaller caller, EffectId effect, CancellationToken cancellationToken) =>
        await FindAsync(caller, effect.Value, cancellationToken) is { } handle && await OutcomeAsync(caller, handle, cancellationToken) is null ? handle : null;

    public async Task<JsonValue> StatusAsync(McpCaller caller, JsonValue arguments, CancellationToken cancellationToken)
    {
        if (arguments["handle"]?.StringOrNull() is not { } id || await FindAsync(caller, id, cancellationToken) is not { } handle)
            return CallResults.Of(new Problem(ProblemTypes.NotFound, 404, "There is no such call", "Give the handle from the result of a call of your own that was still working.") { Stage = "resolve", Rule = "unknown-handle" });
        return await OutcomeAsync(caller, handle, cancellationToken) ?? CallResults.Working(handle);
    }

    private async Task<CallHandle?> FindAsync(McpCaller caller, string id, CancellationToken cancellationToken)
    {
        if (!Ids.IsHex32(id) || await store.GetAsync(Table, Key(caller, new EffectId(id)), cancellationToken) is not { } row) return null;
        return Read(row) is var handle && caller.Permits(handle.Target) ? handle : null;
    }

    /// <summary>What the call came to; null while it works.</summary>
    private async Task<JsonValue?> OutcomeAsync(McpCaller caller, CallHandle handle, CancellationToken cancellationToken)
    {
        var call = new GatewayCall(handle.Effect, caller.Chain, TargetKind.Tool, handle.Target, null, JsonValue.EmptyObject, handle.Deadline) { Site = caller.Site, Link = new CallerLink { Token = caller.Exchangeable } };
        var recorded = await gateway.FindAsync(call, cancellationToken);
        if (recorded is { State: not LedgerState.Unknown, Result: { } result }) return CallResults.Of(result, Status);
        if (handle.Problem is { } problem) return CallResults.Of(problem);
        if (time.GetUtcNow() < handle.Deadline + Grace) return null; // one of unknown outcome may be being repeated
        if (recorded is null) return CallResults.Of(new Problem(ProblemTypes.Timeout, 408, "The call was never made", "The process ended before the call was sent; make it again.") { Stage = "commit", Rule = "deadline" });
        return recorded.Value.Result is { } doubt
            ? CallResults.Of(doubt, Status)
            : CallResults.Of(new Problem(ProblemTypes.InDoubt, 500, "The call's outcome is unknown", $"'{handle.Target}' may or may not have done it: no outcome was recorded by the call's deadline. Look there before you repeat it."));
    }

    private static CallHandle Read(TableRow row) => RunJson.FromValue<CallHandle>(row.Body);

    private static RowKey Key(McpCaller caller, EffectId effect) => new(
        Keys.Join(caller.Principal.Tenant.Value, caller.Principal.Subject, caller.Token?.Run.Value ?? ""), Keys.Join(effect.Value, caller.Token?.Frame.Value ?? ""));
}
