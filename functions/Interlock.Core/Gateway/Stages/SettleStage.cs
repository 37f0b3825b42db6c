using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Core.Gateway.Stages;

/// <summary>
/// Settle: the ledger's outcome first, then the audit's, and only then is the result used. A call that was sent is settled even when nobody
/// waits any more, and even when another worker took this one for dead: who holds an attempt's claim knows best how it ended.
/// </summary>
internal sealed class SettleStage(Ledger ledger, AuditLog audit, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(8);

    /// <summary>Records the result, also when the store is away for some seconds: an answer that was given up would leave the call in doubt for nothing.</summary>
    public async Task<SettledCall> RunAsync(AuditChain chain, CommittedCall committed, UpstreamResult result)
    {
        var ended = committed.Row with { EndedAt = time.GetUtcNow() };
        for (var pause = FirstPause; ; pause *= 2)
        {
            try
            {
                return await OnceAsync(chain, committed, ended, result);
            }
            catch (Exception) when (pause <= LastPause)
            {
                await Task.Delay(pause, time);
            }
        }
    }

    /// <summary>Doing it again after any failure finishes what was begun.</summary>
    private async Task<SettledCall> OnceAsync(AuditChain chain, CommittedCall committed, LedgerRow ended, UpstreamResult result)
    {
        var call = committed.Authorized.Call;
        var row = await OutcomeAsync(call, ended, result);
        if (await JoinedAsync(chain, call, row, committed.LedgerETag) is { } written) return new SettledCall(row, written);
        var etag = await ledger.WriteAsync(call, row, committed.LedgerETag, CancellationToken.None);
        while (etag is null)
        {
            var (stored, current) = await ledger.FindAsync(call, CancellationToken.None)
                ?? throw new InvalidOperationException($"The ledger lost effect {call.Effect}.");
            if (stored.Attempt > row.Attempt) return await OvertakenAsync(chain, call, row);
            etag = await ledger.WriteAsync(call, row, current, CancellationToken.None);
        }
        await RecordAsync(chain, call, row);
        return new SettledCall(row, etag);
    }

    /// <summary>Both outcomes in one commit, where the store can and neither was there before: then the ledger's new ETag.</summary>
    private async Task<string?> JoinedAsync(AuditChain chain, GatewayCall call, LedgerRow row, string etag) =>
        ledger.Joins(audit)
        && await audit.AppendAsync(chain, [CallRecords.Outcome(chain, call, row)], [], Ledger.Write(call, row, etag), CancellationToken.None) is AuditAppendResult.Appended { Together: [var written] }
            ? written
            : null;

    /// <summary>Records of an attempt whose worker seems to have died that its outcome is unknown; null when somebody else settled it meanwhile.</summary>
    public async Task<SettledCall?> UnknownAsync(AuditChain chain, GatewayCall call, LedgerRow intended, string etag)
    {
        var problem = new Problem(ProblemTypes.InDoubt, 500, "The call's outcome is unknown", "The process ended after the call was sent and before its answer was recorded.");
        var row = intended with { State = LedgerState.Unknown, Problem = problem, EndedAt = time.GetUtcNow() };
        if (await ledger.WriteAsync(call, row, etag, CancellationToken.None) is not { } written) return null;
        await RecordAsync(chain, call, row);
        return new SettledCall(row, written);
    }

    /// <summary>Appends the audit outcome of a ledger row if a crash left it out.</summary>
    public Task RecordAsync(AuditChain chain, GatewayCall call, LedgerRow row) =>
        audit.AppendAsync(chain, [CallRecords.Outcome(chain, call, row)], [], CancellationToken.None);

    /// <summary>The next attempt is under way and the ledger is its own: this one's outcome is recorded, and only a success still is an answer.</summary>
    private async Task<SettledCall> OvertakenAsync(AuditChain chain, GatewayCall call, LedgerRow row)
    {
        await RecordAsync(chain, call, row);
        return new SettledCall(row.State == LedgerState.Completed ? row : row with { State = LedgerState.Unknown }, null);
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
        // That a repeat did not happen says nothing of the attempt before it.
        UpstreamResult.NotSent { Problem: var problem } when row.Attempt > 1 => row with { State = LedgerState.Unknown, Problem = problem },
        UpstreamResult.Rejected { Problem: var problem } when row.Attempt > 1 => row with { State = LedgerState.Unknown, Problem = problem },
        UpstreamResult.NotSent notSent => row with { State = LedgerState.Failed, Problem = notSent.Problem },
        UpstreamResult.Rejected rejected => row with { State = LedgerState.Failed, Problem = rejected.Problem },
        UpstreamResult.Unknown unknown => row with { State = LedgerState.Unknown, Problem = unknown.Problem },
        _ => throw new InvalidOperationException($"Unexpected {result.GetType().Name}."),
    };

    /// <summary>The tool's own words, bounded: data, shown as such.</summary>
    private static string Text(JsonValue output) => Excerpt.Of(output.StringOrNull() ?? output.ToString(), 2000);
}

/// <summary>A settled attempt; without an ETag the ledger's row is a later attempt's.</summary>
internal sealed record SettledCall(LedgerRow Row, string? LedgerETag);
