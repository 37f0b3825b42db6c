using Interlock.Core.Audit;
using Interlock.Core.Gateway.Fences;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Gateway.Results;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Gateway.Stages;

/// <summary>
/// Settle: the ledger's outcome first, then the audit's, and only then is the result used. A call that was sent is settled even when nobody
/// waits any more, and even when another worker took this one for dead: who holds an attempt's claim knows best how it ended.
/// </summary>
internal sealed class SettleStage(Ledger ledger, AuditLog audit, ResultIntake results, HandedCalls handedOn, QuotaLimiter quotas, TimeProvider time)
{
    public const string Name = "settle";

    private const int MaxRounds = 8;
    private const int MaxQuestionBytes = 64 * 1024;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(8);

    /// <summary>Records the result, also when the store is away for some seconds: an answer that was given up would leave the call in doubt for nothing.</summary>
    public async Task<SettledCall> RunAsync(AuditChain chain, CommittedCall committed, UpstreamResult result)
    {
        var ended = committed.Row with { EndedAt = time.GetUtcNow() };
        // First, for an answer that is lost with this process is not recorded, and asked for again: then both were used.
        if (result is UpstreamResult.Completed { Use: { } use })
            foreach (var charge in quotas.Charges(committed.Authorized.Routed, use.Tokens)) await SteadilyAsync(async () => { await charge(); return true; });
        return await SteadilyAsync(() => OnceAsync(chain, committed, ended, result));
    }

    private async Task<T> SteadilyAsync<T>(Func<Task<T>> step)
    {
        for (var pause = FirstPause; ; pause *= 2)
        {
            try
            {
                return await step();
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
        var row = result is UpstreamResult.Handed handed ? Handed(committed, ended, handed) : await OutcomeAsync(call, committed.Authorized.Routed.Contract, ended, result);
        if (row.State == LedgerState.Intended) await handedOn.AddAsync(call); // found before the ledger says it, so that nobody misses it
        if (row.State != LedgerState.Intended && await JoinedAsync(chain, call, row, committed.LedgerETag) is { } written) return new SettledCall(row, written);
        var etag = await ledger.WriteAsync(call, row, committed.LedgerETag, CancellationToken.None);
        while (etag is null)
        {
            var (stored, current) = await ledger.FindAsync(call, CancellationToken.None)
                ?? throw new InvalidOperationException($"The ledger lost effect {call.Effect}.");
            if (stored.Attempt > row.Attempt) return await OvertakenAsync(chain, call, row);
            if (stored is { State: LedgerState.Unknown, IsLate: false } && row.State != LedgerState.Unknown)
            {
                await RecordAsync(chain, call, stored); // what was recorded, or is about to be, counts once
                row = row with { IsLate = true };
            }
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

    /// <summary>Records what was learnt of a call that went on under a handle, without a contract that nothing was; null when somebody else learnt it first.</summary>
    public async Task<SettledCall?> FollowedAsync(AuditChain chain, GatewayCall call, CallContract? contract, LedgerRow row, string etag, UpstreamResult result)
    {
        var now = time.GetUtcNow();
        row = result is UpstreamResult.Handed handed
            ? row with { Handle = row.Handle! with { Task = handed.Task, PollAt = LedgerHandle.Next(row.IntendedAt, now, handed.PollAfter) } } // it went on under one
            : await OutcomeAsync(call, contract, row with { EndedAt = now }, result);
        if (await ledger.WriteAsync(call, row, etag, CancellationToken.None) is not { } written) return null;
        await RecordAsync(chain, call, row);
        if (row.State != LedgerState.Intended) await handedOn.RemoveAsync(call.Tenant, call.Effect);
        return new SettledCall(row, written);
    }

    /// <summary>Appends the audit outcome of a ledger row if a crash left it out; a call that goes on has none yet.</summary>
    public Task RecordAsync(AuditChain chain, GatewayCall call, LedgerRow row) => row.State == LedgerState.Intended
        ? Task.CompletedTask
        : audit.AppendAsync(chain, [CallRecords.Outcome(chain, call, row)], [], CancellationToken.None);

    /// <summary>The next attempt is under way and the ledger is its own: this one's outcome is recorded, and only a success still is an answer.</summary>
    private async Task<SettledCall> OvertakenAsync(AuditChain chain, GatewayCall call, LedgerRow row)
    {
        var unknown = row with { State = LedgerState.Unknown };
        if (row.State == LedgerState.Intended)
            row = unknown with { Handle = null, EndedAt = time.GetUtcNow(), Problem = new Problem(ProblemTypes.InDoubt, 500, "The call's outcome is unknown", "It went on at its upstream when it was taken for lost, and made again.") };
        await RecordAsync(chain, call, row with { IsLate = true }); // whoever went on recorded it as unknown before
        return new SettledCall(row.State == LedgerState.Completed ? row : unknown, null);
    }

    /// <summary>The row of a call that goes on at its upstream: nobody holds a lease on it, whoever asks may ask after it.</summary>
    private LedgerRow Handed(CommittedCall committed, LedgerRow row, UpstreamResult.Handed handed)
    {
        if (handed.Task.Length is 0 or > LedgerHandle.MaxTaskLength)
            return row with { State = LedgerState.Unknown, Problem = new Problem(ProblemTypes.Communication, 502, "The call goes on unseen", "Its upstream gave a handle that is empty or too long to keep.") };
        var (entry, now) = (committed.Authorized.Routed.Contracted, time.GetUtcNow());
        return row with
        {
            EndedAt = null,
            LeasedBy = null,
            LeasedUntil = null,
            Asked = null,
            Handle = new LedgerHandle(handed.Task, LedgerHandle.Next(row.IntendedAt, now, handed.PollAfter), entry.Name, entry.Version) { At = handed.At },
        };
    }

    private async Task<LedgerRow> OutcomeAsync(GatewayCall call, CallContract? contract, LedgerRow row, UpstreamResult result)
    {
        if (result is UpstreamResult.InputRequired asked) return Asked(call, row, ResultIntake.Asked(contract!, asked)); // an answer is one under a contract, here and below
        row = row with { Handle = null };
        return result switch
        {
            UpstreamResult.Completed done => await TakenAsync(call, contract!, row with { Asked = null }, done),
            UpstreamResult.NotSent notSent => NotDone(row, OfInvoke(notSent.Problem)),
            UpstreamResult.Rejected rejected => NotDone(row, OfInvoke(rejected.Problem)),
            UpstreamResult.Unknown unknown => row with { State = LedgerState.Unknown, Problem = OfInvoke(unknown.Problem) },
            _ => throw new InvalidOperationException($"Unexpected {result.GetType().Name}."),
        };
    }

    private async Task<LedgerRow> TakenAsync(GatewayCall call, CallContract contract, LedgerRow row, UpstreamResult.Completed done)
    {
        var (answer, refused, redaction) = await results.TakeAsync(call, contract, done);
        row = row with { Redaction = redaction, Use = done.Use, Cost = row.Cost + (done.Use is { Tokens: var tokens } ? contract.Prices?.Of(tokens) ?? 0 : 0) };
        if (refused is not null) return row with { State = LedgerState.Failed, OutputDigest = CanonicalJson.Digest(answer.Result ?? answer.Output), Problem = refused };
        return await ledger.WithAnswerAsync(call.Tenant, answer.IsError
            ? row with { State = LedgerState.Failed, Problem = Failure(call, answer.Output, done.Problem) }
            : row with { State = LedgerState.Completed }, answer);
    }

    /// <summary>What the upstream asks is kept for the caller; of whom nobody can ask, or too often or too much, it fails: it was not done.</summary>
    private static LedgerRow Asked(GatewayCall call, LedgerRow row, UpstreamResult.InputRequired asked)
    {
        var question = new GatewayResult.InputRequired(asked.Requests, asked.State);
        var (rule, why) = call.Link?.Capabilities is null ? ("input-required", "It asks its caller for something, and a run or a client without that capability can't be asked.")
            : row.Rounds >= MaxRounds ? ("input-rounds", $"It asked {MaxRounds} times, and asks again.")
            : RunJson.Serialize(question).Length > MaxQuestionBytes ? ("input-required", $"What it asks has more than {MaxQuestionBytes / 1024} KiB.")
            : (null, "");
        return rule is null
            ? row with { State = LedgerState.InputRequired, Asked = question, Cost = 0 }
            : NotDone(row with { Handle = null }, new Problem(ProblemTypes.ToolError, 502, $"'{call.Target}' did not finish", why) { Rule = rule });
    }

    /// <summary>That a repeat did not happen says nothing of the attempt before it.</summary>
    private static LedgerRow NotDone(LedgerRow row, Problem problem) =>
        row with { State = row.HasDoubt ? LedgerState.Unknown : LedgerState.Failed, Problem = problem, Cost = 0 };

    /// <summary>What a rule refused on the way there or back, as egress does, was refused by that stage.</summary>
    private static Problem OfInvoke(Problem problem) => problem is { Rule: not null, Stage: null } ? problem with { Stage = InvokeStage.Name } : problem;

    private static Problem Failure(GatewayCall call, JsonValue output, Problem? told) => told is null
        ? new Problem(call.IsWhole ? ProblemTypes.Runtime : ProblemTypes.ToolError, 502, $"'{call.Target}' failed", Text(output))
        : told with { Detail = told.Detail ?? (output.IsNull ? null : Text(output)) };

    /// <summary>The tool's own words, bounded: data, shown as such.</summary>
    private static string Text(JsonValue output) => Excerpt.Of(output.StringOrNull() ?? output.ToString(), 2000);
}

/// <summary>A settled attempt; without an ETag the ledger's row is a later attempt's.</summary>
internal sealed record SettledCall(LedgerRow Row, string? LedgerETag)
{
    /// <summary>Under which key the answer may stand in for later ones.</summary>
    public AnswerKey? Reusable { get; init; }
}
