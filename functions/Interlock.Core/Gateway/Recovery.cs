using Interlock.Core.Audit;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Registry;
using Interlock.Core.Workflows;

namespace Interlock.Core.Gateway;

/// <summary>What the ledger knows of an effect: how it ended, that it goes on, or from which attempt it may be gone on with.</summary>
internal sealed class Recovery(RegistryStore registries, Ledger ledger, EffectClaims claims, AdmitStage admit, SettleStage settle, FollowStage follow, EffectLease? lease, TimeProvider time)
{
    /// <summary>What is recorded of a call, without making it; see <see cref="ToolGateway.FindAsync"/>.</summary>
    public async Task<(LedgerState State, GatewayResult? Result)?> FindAsync(GatewayCall call, bool isMadeHere, CancellationToken cancellationToken)
    {
        if (await ledger.FindAsync(call, cancellationToken) is not var (row, etag)) return null;
        call = call.LedAs(row);
        if (row is { State: LedgerState.Intended, Handle: not null } && row.LeasedUntil is null && !isMadeHere)
            row = (await follow.LookAsync(ChainOf(call, row), call, row, etag, isLeft: false, cancellationToken))?.Row ?? row;
        if (row.State == LedgerState.Intended)
            return (row.State, row.LeasedUntil <= time.GetUtcNow() ? GatewayResult.InDoubt.Of($"'{call.Target}' may or may not have done it: the process that made the call is gone. Look there before you repeat it.") : null);
        await settle.RecordAsync(ChainOf(call, row), call, row);
        return (row.State, (await AnswerAsync(call, new SettledCall(row, null), cancellationToken)).Result);
    }

    /// <summary>Makes it due to ask after a call that goes on; when somebody else changes the row meanwhile it is being asked after.</summary>
    public async Task HurryAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await ledger.FindAsync(call, cancellationToken) is ({ State: LedgerState.Intended, Handle: { } handle } row, var etag) && handle.PollAt > now)
            await ledger.WriteAsync(call, row with { Handle = handle with { PollAt = now } }, etag, cancellationToken);
    }

    /// <summary>What the ledger knows of the effect: its result, or from which attempt to go on, or nothing.</summary>
    public async Task<Standing?> RecoverAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await ledger.FindAsync(call, cancellationToken) is not var (row, etag)) return null;
            call = call.LedAs(row);
            var chain = ChainOf(call, row);
            if (row.State == LedgerState.Intended && lease?.IsElsewhere(row, time.GetUtcNow()) == true)
                return new Standing(new GatewayResult.UnderWay(row.LeasedUntil!.Value), 0, null, null) { Chain = chain }; // a lease elsewhere has its time
            if (row is { State: LedgerState.Intended, Handle: not null })
            {
                using var slot = call.HasClient ? await admit.EnterAsync(AdmitStage.CallerOf(chain, call), cancellationToken) : null;
                if (await follow.RunAsync(chain, call, row, etag, cancellationToken) is not { } followed) continue;
                return await AnswerAsync(call, followed, cancellationToken) with { Chain = chain };
            }
            if (row.State != LedgerState.Intended)
            {
                await settle.RecordAsync(chain, call, row);
                if (row.State == LedgerState.InputRequired && IsAnswered(call, row)) return new Standing(null, row.Attempt + 1, etag, row) { Chain = chain };
                return await AnswerAsync(call, new SettledCall(row, etag), cancellationToken) with { Chain = chain };
            }
            if (!await claims.IsClaimedAsync(chain, call.Effect, row.Attempt, cancellationToken))
            {
                if (row.Attempt == 1) return new Standing(null, 1, etag, null) { Chain = chain };
                if (row.Asked is not null && !IsAnswered(call, row)) return new Standing(row.Asked, 0, null, null);
                if (!row.HasDoubt || await MayRepeatAsync(call, cancellationToken)) return new Standing(null, row.Attempt, etag, row) { Chain = chain };
                return new Standing(GatewayResult.InDoubt.Of("An attempt has no known outcome, and it may not be repeated any more."), 0, null, null);
            }
            if (await settle.UnknownAsync(chain, call, row, etag) is { } settled) return await AnswerAsync(call, settled, cancellationToken) with { Chain = chain };
        }
    }

    /// <summary>The result of a settled attempt, or, when it is in doubt and may be repeated, the next attempt.</summary>
    public async Task<Standing> AnswerAsync(GatewayCall call, SettledCall settled, CancellationToken cancellationToken)
    {
        var row = settled.Row;
        switch (row.State)
        {
            case LedgerState.Completed:
                var (output, result) = await ledger.AnswerAsync(call.Tenant, row, cancellationToken);
                return new Standing(new GatewayResult.Completed(output) { Result = result }, 0, null, null);
            case LedgerState.Failed:
                var (_, said) = await ledger.AnswerAsync(call.Tenant, row, cancellationToken);
                return new Standing(new GatewayResult.Failed(row.Problem ?? new Problem(ProblemTypes.Runtime, 500, "The call failed")) { Result = said }, 0, null, null);
            case LedgerState.Intended: // of a run: it goes on
                return new Standing(new GatewayResult.UnderWay(row.Handle!.PollAt) { IsHanded = true }, 0, null, null);
            case LedgerState.InputRequired:
                return new Standing(row.Asked, 0, null, null);
            case LedgerState.Unknown when settled.LedgerETag is { } etag && !cancellationToken.IsCancellationRequested && row.Attempt - row.Rounds <= await RepeatsAsync(call, cancellationToken):
                return new Standing(null, row.Attempt + 1, etag, row);
            default:
                return new Standing(GatewayResult.InDoubt.Of(call, row), 0, null, null);
        }
    }

    /// <summary>Only the author's word for this call or the operator's for the tool makes repeating safe; a server's hint never does.</summary>
    public async Task<bool> MayRepeatAsync(GatewayCall call, CancellationToken cancellationToken) => MayRepeat(call, await ContractAsync(call, cancellationToken));

    /// <summary>Whether the caller answers what is asked now: with the state that came with it, and nothing that it didn't ask.</summary>
    private static bool IsAnswered(GatewayCall call, LedgerRow row) =>
        call.Link?.Answers is { } answers
        && answers.State == row.Asked?.State
        && (answers.Responses is not { IsObject: true } given || (row.Asked?.Requests is { IsObject: true } asked && given.Members.All(member => asked[member.Key] is not null)));

    private static bool MayRepeat(GatewayCall call, CallContract? contract) => call.OnInDoubt == InDoubtAction.Retry || contract is { Tool: { Idempotent: true } or { ReadOnly: true } };

    /// <summary>How many attempts may follow one whose outcome is unknown.</summary>
    private async Task<int> RepeatsAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        var contract = await ContractAsync(call, cancellationToken);
        return MayRepeat(call, contract) ? contract?.Server.Resilience.Retries ?? ResilienceSettings.Default.Retries : 0;
    }

    /// <summary>The contract of its tool; where a call went that may have been led anywhere, nobody knows.</summary>
    private async Task<CallContract?> ContractAsync(GatewayCall call, CancellationToken cancellationToken) =>
        call.Via is null && VirtualTarget.TryParse(call.Target) is not null ? null : ResolveStage.Run(call, await registries.ReadAsync(call.Tenant, cancellationToken)).Value?.Contract;

    private static AuditChain ChainOf(GatewayCall call, LedgerRow row) => row.Chain is { } id ? new AuditChain(call.Tenant, id) : CallRecords.ChainOf(call, row.IntendedAt);
}
