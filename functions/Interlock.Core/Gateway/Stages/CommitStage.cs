using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Locks;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway.Stages;

/// <summary>
/// Commit: the fence. After all waiting it re-reads epoch, policy, gate and frame; then the ledger says <c>intended</c>, and one batch of the audit
/// partition holds the intent record, the claim of this attempt and the spending of the grant; both in one commit where the store can. Whoever wins that insert may call, nobody else.
/// </summary>
internal sealed class CommitStage(
    RegistryStore registries, AuthorizeStage authorize, IFrameFence fence, Ledger ledger, EffectClaims claims, AuditLog audit, EffectLease? lease, RunTokens? tokens, LockRows locks, TimeProvider time)
{
    public const string Name = "commit";

    public async Task<StageResult<CommittedCall>> RunAsync(
        AuditChain chain, AuthorizedCall authorized, int attempt, string? ledgerETag, LedgerRow? repeated, CancellationToken cancellationToken)
    {
        var passed = await PassAsync(authorized, cancellationToken);
        if (passed.Refusal is { } changed) return changed;
        authorized = passed.Value!; // no refusal, so there is a value: the call as the fence saw it
        var call = authorized.Call;
        if (authorized.Gate is { } approved && !await GateRecords.AgreesAsync(audit, approved, cancellationToken))
            return Disagrees;
        var registration = authorized.Routed.Target.RegistrationId;
        if (repeated is not null && (repeated.Registration != registration || repeated.Target != call.Target || repeated.ArgumentsDigest != authorized.Frozen.Digest))
            return new Refusal(Name, "fence-changed", 409, $"The tool's registration changed since the attempt {(repeated.HasDoubt ? "whose outcome is unknown" : "that asked")}: to go on would be another call.");
        var spent = authorized.Gate is { } gate ? SpentRow(call, gate) : null;
        var spender = spent is null ? null : await claims.SpentByAsync(chain, spent, cancellationToken);
        if (spender is { } other && other != call.Effect) return Spent;
        if (call.IsCompensation && authorized.Gate is { } granted && await claims.SpentByAsync(chain, EffectClaims.SpentRow(call.Site!.Run, granted.Id, call.Site.Frame.Undone(), false), cancellationToken) is null)
            return new Refusal(Name, "compensation-blocked", 403, "The call that this compensation undoes never happened under its approval.");

        var issued = tokens is null ? (StageResult<IssuedAccess>)IssuedAccess.None : await tokens.IssueAsync(authorized, cancellationToken);
        if (issued.Refusal is { } unsafely) return unsafely;

        var row = new LedgerRow(LedgerState.Intended, attempt, call.Target, authorized.Frozen.Digest, time.GetUtcNow())
        {
            Chain = chain.Id,
            Via = call.Via,
            Range = call.Via is null ? null : call.Version,
            Registration = registration,
            LeasedBy = lease?.Holder,
            LeasedUntil = time.GetUtcNow() + lease?.Time,
            Cost = QuotaSet.CostOf(authorized.Routed.Contract.Tool),
            AgentVersion = call.Kind == TargetKind.Agent ? authorized.Routed.Entry.Version : null,
            Rounds = repeated is null ? 0 : repeated.State == LedgerState.InputRequired ? repeated.Rounds + 1 : repeated.Rounds,
            Asked = repeated?.Asked,
            Address = repeated?.Asked is null ? null : repeated.Address,
            Route = repeated?.Asked is null ? null : repeated.Route,
            Handle = repeated is { State: LedgerState.InputRequired } ? repeated.Handle : null,
        };
        var effectRow = new TableWrite.Insert(EffectClaims.EffectRow(call.Effect, attempt), Body(call, authorized));
        List<TableWrite> alongside = spent is null || spender is not null ? [effectRow] : [effectRow, new TableWrite.Insert(spent, Body(call, authorized))];
        var (result, etag) = await WriteAsync(chain, authorized, issued.Value?.Details, row, ledgerETag, alongside, cancellationToken);
        return result switch
        {
            AuditAppendResult.Appended => new CommittedCall(authorized, row, etag!, issued.Value!), // what was appended stands beside a ledger row, and what was not refused has a value
            AuditAppendResult.AlongsideExists exists when exists.Row == spent => Spent,
            _ => Claimed,
        };
    }

    /// <summary>The ledger's row and the audit's batch: in one commit where both are in a store that can, else in that order; no result when the ledger has another row.</summary>
    private async Task<(AuditAppendResult? Result, string? LedgerETag)> WriteAsync(
        AuditChain chain, AuthorizedCall authorized, JsonValue? issued, LedgerRow row, string? ledgerETag, List<TableWrite> alongside, CancellationToken cancellationToken)
    {
        var call = authorized.Call;
        // Appending is not to be cancelled: an append that may or may not have happened would leave the effect in doubt for nothing.
        if (ledger.Joins(audit))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var joined = await audit.AppendAsync(chain, [Intent()], alongside, Ledger.Write(call, row, ledgerETag), CancellationToken.None);
            return (joined, (joined as AuditAppendResult.Appended)?.Together[0]);
        }
        if (await ledger.WriteAsync(call, row, ledgerETag, cancellationToken) is not { } etag) return (null, null);
        return (await audit.AppendAsync(chain, [Intent()], alongside, CancellationToken.None), etag);

        AuditRecord Intent() => CallRecords.Intent(chain, authorized, issued, row.Attempt, time.GetUtcNow());
    }

    /// <summary>Whether a call would pass the fence now.</summary>
    public async Task<bool> StandsAsync(AuthorizedCall authorized, CancellationToken cancellationToken) => (await PassAsync(authorized, cancellationToken)).Refusal is null;

    /// <summary>Whether what was committed and not taken may be sent once more: it would pass the fence again, and nobody took it for lost meanwhile and acted on that.</summary>
    public async Task<bool> StandsAsync(CommittedCall committed, CancellationToken cancellationToken) =>
        await StandsAsync(committed.Authorized, cancellationToken) && (lease is null || await IsHeldAsync(committed, lease, cancellationToken));

    private async Task<bool> IsHeldAsync(CommittedCall committed, EffectLease held, CancellationToken cancellationToken) =>
        await ledger.FindAsync(committed.Authorized.Call, cancellationToken) is var (row, _)
        && row.State == LedgerState.Intended && row.Attempt == committed.Row.Attempt && row.LeasedBy == held.Holder && row.LeasedUntil > time.GetUtcNow();

    public static Refusal Disagrees { get; } = new(Name, "grant-unauthentic", 403, "The audit does not say that the gate was approved as its row has it; an administrator must look at the store.");

    public static Refusal Spent { get; } = new(Name, "grant-spent", 403, "The approval was used for another call already; open a new gate.");

    public static Refusal Claimed { get; } = new(Name, "effect-claimed", 409, "Another worker is making this call.");

    /// <summary>The call by the registry, the policy, the time and the gate as they are now.</summary>
    private async Task<StageResult<AuthorizedCall>> PassAsync(AuthorizedCall authorized, CancellationToken cancellationToken)
    {
        var (call, frozen) = (authorized.Call, authorized.Frozen);
        if (call.Deadline <= time.GetUtcNow()) return new Refusal(Name, "deadline", 408, "The call's deadline passed while it waited.");
        var registry = await registries.ReadAsync(call.Tenant, cancellationToken);
        if (registry.Epoch != authorized.Routed.Registry.Epoch)
        {
            var routed = ResolveStage.Run(call, registry);
            if (routed.Refusal is { } gone) return gone;
            var again = ValidateStage.Run(routed.Value!); // no refusal, so there is a value; the same below
            if (again.Refusal is { } invalid) return invalid;
            if (routed.Value!.Target != authorized.Routed.Target || again.Value!.Digest != frozen.Digest || !routed.Value.Contract.Avoid.SequenceEqual(authorized.Routed.Contract.Avoid))
                return new Refusal(Name, "fence-changed", 409, "The tool's registration changed while the call waited; repeat the call.");
            frozen = again.Value!;
        }
        var passed = await authorize.RunAsync(frozen, cancellationToken);
        if (passed.Refusal is { } denied) return denied;
        if (call.Site is { } site && !await fence.IsPendingAsync(call.Tenant, site, site.Under?.Effect ?? call.Effect, cancellationToken))
            return new Refusal(Name, "frame-not-pending", 409, "The run no longer waits for this call.");
        foreach (var held in call.Locks)
            if (!await locks.IsHeldAsync(call.Tenant, call.Site!.Run, held, cancellationToken)) // only a run's call is made under locks
                return new Refusal(Name, "lock-lost", 409, $"The run does not hold the lock '{held.Name}' any more, and another one may.");
        return passed;
    }

    private static string SpentRow(GatewayCall call, Gate gate) =>
        call.Site is { } site ? EffectClaims.SpentRow(site.Run, gate.Id, site.Frame, call.IsCompensation) : EffectClaims.SpentRow(gate.Id);

    private static JsonValue Body(GatewayCall call, AuthorizedCall authorized) =>
        JsonValue.Object(("effect", call.Effect.Value), ("arguments", authorized.Frozen.Digest));
}

/// <summary>A call that may leave: nobody else can make it any more.</summary>
internal sealed record CommittedCall(AuthorizedCall Authorized, LedgerRow Row, string LedgerETag, IssuedAccess Issued)
{
    /// <summary>The caller, with its answers only where the upstream asked.</summary>
    public CallerLink? Link => Row.Asked is null ? Authorized.Call.Link?.WithoutAnswers() : Authorized.Call.Link;

    /// <summary>The same with the address that answered.</summary>
    public CommittedCall At(Uri? address) =>
        address is null ? this : this with { Row = Row with { Address = UpstreamAddress.Shown(address), Route = address.Query.Length == 0 ? null : RouteChoice.Key(address) } };
}
