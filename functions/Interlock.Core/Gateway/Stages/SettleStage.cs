using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Core.Gateway.Stages;

/// <summary>
/// Settle: the ledger's outcome first, then the audit's, and only then is the result used. A call that was sent is settled even when nobody
/// waits any more.
/// </summary>
internal sealed class SettleStage(Ledger ledger, AuditLog audit, TimeProvider time)
{
    public async Task<LedgerRow> RunAsync(AuditChain chain, CommittedCall committed, UpstreamResult result)
    {
        var call = committed.Authorized.Call;
        var row = await OutcomeAsync(call, committed.Row with { EndedAt = time.GetUtcNow() }, result);
        await WriteAsync(chain, call, row, committed.LedgerETag);
        return row;
    }

    /// <summary>Records of an attempt whose worker died that its outcome is unknown.</summary>
    public async Task<LedgerRow> UnknownAsync(AuditChain chain, GatewayCall call, LedgerRow intended, string etag)
    {
        var problem = new Problem(ProblemTypes.InDoubt, 500, "The call's outcome is unknown", "The process ended after the call was sent and before its answer was recorded.");
        var row = intended with { State = LedgerState.Unknown, Problem = problem, EndedAt = time.GetUtcNow() };
        await WriteAsync(chain, call, row, etag);
        return row;
    }

    /// <summary>Appends the audit outcome of a ledger row if a crash left it out.</summary>
    public Task RecordAsync(AuditChain chain, GatewayCall call, LedgerRow row) =>
        audit.AppendAsync(chain, [CallRecords.Outcome(chain, call, row)], [], CancellationToken.None);

    private async Task WriteAsync(AuditChain chain, GatewayCall call, LedgerRow row, string etag)
    {
        if (await ledger.WriteAsync(chain, call.Effect, row, etag, CancellationToken.None) is null)
            throw new InvalidOperationException($"The ledger row of effect {call.Effect} changed under the worker that holds it.");
        await RecordAsync(chain, call, row);
    }

    private async Task<LedgerRow> OutcomeAsync(GatewayCall call, LedgerRow row, UpstreamResult result) => result switch
    {
        UpstreamResult.Completed { IsError: false } done =>
            await ledger.WithOutputAsync(call.Tenant, row with { State = LedgerState.Completed }, done.Output),
        UpstreamResult.Completed failed => row with
        {
            State = LedgerState.Failed,
            OutputDigest = CanonicalJson.Digest(failed.Output),
            Problem = new Problem(ProblemTypes.ToolError, 502, $"'{call.Target}' failed", Text(failed.Output)),
        },
        UpstreamResult.NotSent notSent => row with { State = LedgerState.Failed, Problem = notSent.Problem },
        UpstreamResult.Rejected rejected => row with { State = LedgerState.Failed, Problem = rejected.Problem },
        UpstreamResult.Unknown unknown => row with { State = LedgerState.Unknown, Problem = unknown.Problem },
        _ => throw new InvalidOperationException($"Unexpected {result.GetType().Name}."),
    };

    /// <summary>The tool's own words, bounded: data, shown as such.</summary>
    private static string Text(JsonValue output) => Excerpt.Of(output.StringOrNull() ?? output.ToString(), 2000);
}
