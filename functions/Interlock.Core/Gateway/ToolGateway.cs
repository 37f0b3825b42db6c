using System.Collections.Concurrent;
using System.Diagnostics;
using Interlock.Core.Audit;
using Interlock.Core.Blackboards;
using Interlock.Core.Gateway.Builtin;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Gateway.Fences;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Gateway.Results;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Gateway.Usage;
using Interlock.Core.Locks;
using Interlock.Core.Registry;
using Interlock.Core.Telemetry;

namespace Interlock.Core.Gateway;

/// <summary>
/// The one road to upstreams: resolve and route, validate, authorize, admit, commit, invoke, settle. Asking again for an effect gives its
/// recorded result; an attempt whose worker died is in doubt and repeated only where that is declared safe. A call that another process makes is under way.
/// </summary>
public sealed class ToolGateway
{
    private readonly RegistryStore _registries;
    private readonly AuditLog _audit;
    private readonly FenceTracker _fences;
    private readonly TimeProvider _time;
    private readonly AuthorizeStage _authorize;
    private readonly AdmitStage _admit;
    private readonly CommitStage _commit;
    private readonly InvokeStage _invoke;
    private readonly RetryPause _pauses;
    private readonly AnswerCache _answers;
    private readonly EffectLease? _lease;
    private readonly LeaseKeeper _keeper;
    private readonly Recovery _recovery;
    private readonly SettleStage _settle;
    private readonly FollowStage _follow;
    private readonly Incarnation _incarnation;
    private readonly ConcurrentDictionary<(TenantId, EffectId), Lazy<Task<GatewayResult>>> _active = new();

    public ToolGateway(GatewayParts parts)
    {
        (_registries, _audit, _fences, _time) = (parts.Registries, parts.Audit, parts.Fences, parts.Time);
        var (ledger, claims) = (new Ledger(parts.Store, parts.Blobs), new EffectClaims(parts.AuditStore));
        _authorize = new AuthorizeStage(parts.Gates, parts.Policies, parts.Directory, new Readings(parts.Audit, parts.RunLog), parts.Time) { GateOfConversation = (call, stop) => ConversationRecords.GateAsync(parts.Audit, call, stop) };
        var quotas = new QuotaLimiter(parts.Store, parts.Time, parts.Jitter);
        _admit = new AdmitStage(new RateLimiter(parts.Store, parts.Limits, parts.Time, parts.Jitter), quotas, parts.Time);
        _commit = new CommitStage(parts.Registries, _authorize, parts.Fence, ledger, claims, parts.Audit, parts.Lease, parts.Tokens, new LockRows(parts.Store), parts.Time);
        Paused = new PausedCalls(parts.Store, parts.Time);
        Routes = new UpstreamRoutes(parts.Time);
        _pauses = new RetryPause(parts.Time, parts.Jitter);
        _answers = new AnswerCache(parts.Time);
        _invoke = new InvokeStage(parts.Upstream, new BuiltinUpstream(new Blackboard(parts.Store, parts.Time)), Routes, _commit, parts.Tokens, _pauses);
        _lease = parts.Lease;
        _incarnation = parts.Gates.Incarnation;
        _keeper = new LeaseKeeper(parts.Lease, ledger, parts.Time);
        Usage = new UsageRollup(parts.Store, parts.AuditStore);
        Agents = new AgentHistory(parts.Store, parts.AuditStore, parts.Audit);
        Artifacts = new Artifacts(parts.Store, parts.Blobs, parts.Mac, parts.Time);
        _settle = new SettleStage(ledger, parts.Audit, new ResultIntake(Artifacts, parts.Mac), parts.Fences.Handed, quotas, parts.Time);
        _follow = new FollowStage(parts.Registries, _invoke, _settle, Routes, parts.Time);
        Conversations = new Conversations(parts, _authorize, claims);
        _recovery = new Recovery(parts.Registries, ledger, claims, _admit, _settle, _follow, parts.Lease, parts.Time);
    }

    /// <summary>Where calls are recorded.</summary>
    internal AuditLog Audit => _audit;

    /// <summary>Where results are that were too large to be handed on.</summary>
    public Artifacts Artifacts { get; }

    /// <summary>Where conversations with chat agents begin.</summary>
    public Conversations Conversations { get; }

    /// <summary>What agents elsewhere were refused and may pause for.</summary>
    public PausedCalls Paused { get; }

    /// <summary>How the addresses that it calls stand.</summary>
    public UpstreamRoutes Routes { get; }

    /// <summary>What was used, counted from the audit.</summary>
    public UsageRollup Usage { get; }

    /// <summary>What versions of agents did, counted from the same.</summary>
    public AgentHistory Agents { get; }

    /// <summary>
    /// Makes the call, or answers it from the ledger. Asked twice at once in one process, both get the one result.
    /// Cancelling asks the upstream to stop; what was sent is settled all the same. Exceptions mean a broken store: nothing is known, ask again.
    /// </summary>
    public async Task<GatewayResult> CallAsync(GatewayCall call, CancellationToken cancellationToken = default)
    {
        var key = (call.Tenant, call.Effect);
        var work = _active.GetOrAdd(key, _ => new Lazy<Task<GatewayResult>>(() => MeasuredAsync(call, cancellationToken)));
        try
        {
            return await work.Value;
        }
        finally
        {
            _active.TryRemove(KeyValuePair.Create(key, work));
        }
    }

    /// <summary>
    /// What the ledger says of a call, without making it: null when none was committed; no result while no outcome is recorded and, where processes
    /// hold leases, its own is alive. One that goes on at its upstream is asked after when that is due. Only tenant, site, starter and
    /// effect count for finding it, and the deadline for how long it may go on.
    /// </summary>
    public Task<(LedgerState State, GatewayResult? Result)?> FindAsync(GatewayCall call, CancellationToken cancellationToken = default) =>
        _recovery.FindAsync(call, isMadeHere: _active.ContainsKey((call.Tenant, call.Effect)), cancellationToken);

    /// <summary>Has a call that goes on at its upstream asked after when it is asked for next, whenever that was due.</summary>
    public Task HurryAsync(GatewayCall call, CancellationToken cancellationToken = default) => _recovery.HurryAsync(call, cancellationToken);

    private async Task<GatewayResult> MeasuredAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        using var span = new CallSpan(call);
        return span.Result = await ExecuteAsync(call, span, cancellationToken);
    }

    private async Task<GatewayResult> ExecuteAsync(GatewayCall call, CallSpan span, CancellationToken cancellationToken)
    {
        var chain = CallRecords.ChainOf(call, _time.GetUtcNow());
        var recovered = call.IsNew ? null : await _recovery.RecoverAsync(call, cancellationToken);
        if (recovered?.Chain is { } begun) chain = begun;
        if (call.IssuedAt < _incarnation.Since && recovered is (null or { Result: null, Repeated: null }) && !await _recovery.MayRepeatAsync(call, cancellationToken))
            return await RefuseAsync(chain, call, Lost, isRepeat: true);
        for (var previous = recovered; ;)
        {
            if (previous?.Result is { } result) return result;
            if (previous?.Repeated is { } repeated) call = call.LedAs(repeated);
            var routed = await RouteAsync(call, span, cancellationToken);
            call = routed.Value?.Call ?? call;
            var (settled, refusal) = routed.Value is { } known ? await AttemptAsync(chain, known, span, previous, cancellationToken) : (null, routed.Refusal);
            if (refusal == CommitStage.Claimed && _lease is not null)
            {
                // Another process was faster: how its call stands is the answer.
                previous = await _recovery.RecoverAsync(call, cancellationToken);
                continue;
            }
            if (refusal is not null) return await RefuseAsync(chain, call, refusal, isRepeat: previous?.Repeated?.HasDoubt == true);
            previous = settled is null ? await _recovery.RecoverAsync(call, CancellationToken.None) : await _recovery.AnswerAsync(call, settled, cancellationToken);
            if (settled?.Reusable is { } key && previous?.Result is GatewayResult.Completed fresh) _answers.Keep(key, fresh);
            if (previous?.Repeated is { State: LedgerState.Unknown } doubted && !await _pauses.WaitAsync(doubted.Attempt - doubted.Rounds - 1, null, call.Deadline, cancellationToken))
                return GatewayResult.InDoubt.Of(call, doubted);
        }
    }

    /// <summary>What people approved is a target, whatever its circuits do; other calls are led around those that are open.</summary>
    private async Task<StageResult<RoutedCall>> RouteAsync(GatewayCall call, CallSpan span, CancellationToken cancellationToken)
    {
        if (_admit.Refuse(call) is { } late) return late;
        using var resolving = StageSpan.Of(ResolveStage.Name);
        var routed = ResolveStage.Run(call, await _registries.ReadAsync(call.Tenant, cancellationToken), call.Grant is null ? server => Routes.TakesCalls(call.Tenant, server) : null);
        if (routed.Value is { } known) span.Routed = known;
        return routed;
    }

    private async Task<(SettledCall? Settled, Refusal? Refusal)> AttemptAsync(AuditChain chain, RoutedCall routed, CallSpan span, Standing? previous, CancellationToken cancellationToken)
    {
        var (authorized, refusal) = await PassAsync(routed, cancellationToken);
        if (refusal is not null) return (null, refusal);
        var call = routed.Call;
        var isRepeat = previous?.Repeated?.HasDoubt == true;
        if (isRepeat) GatewayMetrics.Repeated(span.Server);
        var queued = Stopwatch.GetTimestamp();
        using var admitting = StageSpan.Of(AdmitStage.Name);
        if (!isRepeat && await _admit.LimitAsync(authorized!.Routed, previous is not { Attempt: > 1 }, cancellationToken) is { } limited) return (null, limited); // a repeat was admitted when it was first made
        if (authorized!.Gate is { Run: null } own) // it passed
        {
            chain = GateRecords.Chain(own); // one partition for its one use, whatever day it is
            if (previous?.Chain is { } begun && begun != chain) return (null, Elsewhere);
        }
        using var slot = await _admit.EnterAsync(AdmitStage.CallerOf(chain, call), cancellationToken);
        var entered = await Routes.Of(call, authorized.Routed.Contract).EnterAsync(RouteChoice.Of(authorized, previous?.Repeated), cancellationToken);
        if (entered.Refusal is { } unavailable) return (null, previous?.Repeated is null ? await InsteadAsync(unavailable, authorized, cancellationToken) : unavailable);
        await using var route = entered.Value!;
        GatewayMetrics.Queued(span.Server, Stopwatch.GetElapsedTime(queued).TotalSeconds);
        admitting.Dispose();
        using var ticket = await _fences.EnterAsync(call, cancellationToken);
        StageResult<CommittedCall> committed;
        using (StageSpan.Of(CommitStage.Name))
            committed = await _commit.RunAsync(chain, authorized, previous?.Attempt ?? 1, previous?.ETag, previous?.Repeated, cancellationToken);
        if (committed.Refusal is { } fenced) return (null, fenced);
        Answer answer;
        using (StageSpan.Of(InvokeStage.Name, ActivityKind.Client))
            answer = await _keeper.DuringAsync(committed.Value!, ticket.SeenUntil, () => _invoke.RunAsync(committed.Value!, route, cancellationToken)); // no refusal, so there is a value
        SettledCall settled;
        using (StageSpan.Of(SettleStage.Name))
            settled = await _settle.RunAsync(chain, committed.Value!.At(answer.Address), answer.Result) with { Reusable = AnswerKey.Of(authorized) };
        if (answer.Kept is null) return (settled, null);
        if (settled is not { Row: { State: LedgerState.Intended, Handle: { } handle }, LedgerETag: { } etag })
        {
            answer.Kept.Leave();
            return (settled, null);
        }
        Routes.Hold(call, authorized.Routed.Contract, handle, answer.Kept);
        return (await _follow.RunAsync(chain, call, settled.Row, etag, cancellationToken), null); // a client's call keeps its slot and its ticket meanwhile
    }

    /// <summary>The refusal of a call that no address takes, with what its operator lets stand in for the answer where the call would still be allowed.</summary>
    private async Task<Refusal> InsteadAsync(Refusal unavailable, AuthorizedCall authorized, CancellationToken cancellationToken)
    {
        if (unavailable.Rule != RouteSet.CircuitOpen) return unavailable;
        if (authorized.Routed.Contract.Tool.WhenUnavailable == WhenUnavailable.Escalate)
            return unavailable with { Detail = $"{unavailable.Detail} The operator wants people to decide: {(authorized.Call.HasClient ? "ask the person you work for." : "let the step or one around it say onError: escalate.")}" };
        return AnswerKey.Of(authorized) is { } key && _answers.Find(key) is { } earlier && await _commit.StandsAsync(authorized, cancellationToken)
            ? unavailable with { Instead = earlier }
            : unavailable;
    }

    /// <summary>The stages that only look.</summary>
    private async Task<StageResult<AuthorizedCall>> PassAsync(RoutedCall routed, CancellationToken cancellationToken)
    {
        StageResult<FrozenCall> frozen;
        using (StageSpan.Of(ValidateStage.Name)) frozen = ValidateStage.Run(routed);
        if (frozen.Refusal is { } invalid) return invalid;
        using (StageSpan.Of(AuthorizeStage.Name)) return await _authorize.RunAsync(frozen.Value!, cancellationToken); // no refusal, so there is a value
    }

    /// <summary>Records the refusal. A repeat that is refused leaves the earlier attempt in doubt.</summary>
    private async Task<GatewayResult> RefuseAsync(AuditChain chain, GatewayCall call, Refusal refusal, bool isRepeat)
    {
        await _audit.AppendAsync(chain, [CallRecords.Refused(chain, call, refusal, _time.GetUtcNow())], [], CancellationToken.None);
        if (refusal.Instead is { } earlier) return earlier.Marked();
        if (!isRepeat) return new GatewayResult.Refused(refusal);
        return GatewayResult.InDoubt.Of($"An attempt has no known outcome, and repeating it was refused: {refusal.Detail}");
    }

    /// <summary>An attempt is claimed in one chain: whoever began it in another one may still make the call there.</summary>
    private static Refusal Elsewhere { get; } = new(CommitStage.Name, "fence-changed", 409, "The call was begun before it was approved, and may still be made; make it with another key, if it has not happened.");

    private static Refusal Lost { get; } = new(
        CommitStage.Name, Incarnation.Rule, 409, "The store was restored since the run asked for this call; whether it happened, the copy does not know. Look there, then say what happened.");
}
