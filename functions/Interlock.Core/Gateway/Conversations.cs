using Interlock.Core.Audit;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>
/// Lets conversations with chat agents begin. Nothing is sent for that, but it is where policy and people say yes to the agent and to what it is asked: the same stages look as at a call, a
/// grant is spent, and what the agent was given is recorded before anybody acts on it. Refusals are recorded as a call's are. Each turn then is a call of its own.
/// </summary>
public sealed class Conversations
{
    private readonly RegistryStore _registries;
    private readonly AuthorizeStage _authorize;
    private readonly IFrameFence _fence;
    private readonly EffectClaims _claims;
    private readonly AuditLog _audit;
    private readonly TimeProvider _time;

    internal Conversations(GatewayParts parts, AuthorizeStage authorize, EffectClaims claims) =>
        (_registries, _authorize, _fence, _claims, _audit, _time) = (parts.Registries, authorize, parts.Fence, claims, parts.Audit, parts.Time);

    /// <summary>The conversation as far as the stages that only look let it pass.</summary>
    public async Task<StageResult<AuthorizedCall>> BeginAsync(GatewayCall call, CancellationToken cancellationToken = default)
    {
        call = call with { Step = ConversationStep.Open };
        var routed = ResolveStage.Run(call, await _registries.ReadAsync(call.Tenant, cancellationToken));
        if (routed.Refusal is { } unknown) return await RefuseAsync(call, unknown);
        var frozen = ValidateStage.Run(routed.Value!); // no refusal, so there is a value; the same below
        if (frozen.Refusal is { } invalid) return await RefuseAsync(call, invalid);
        var authorized = await _authorize.RunAsync(frozen.Value!, cancellationToken);
        return authorized.Refusal is { } denied ? await RefuseAsync(call, denied) : authorized;
    }

    /// <summary>Records what the agent was given, and spends the grant with it; null once that is durable. Other details for the same conversation are another record.</summary>
    public async Task<Refusal?> RecordAsync(AuthorizedCall opened, JsonValue details, CancellationToken cancellationToken = default)
    {
        var call = opened.Call;
        if (call.Site is not { } site) throw new InvalidOperationException("Conversations are runs'.");
        if (!await _fence.IsPendingAsync(call.Tenant, site, call.Effect, cancellationToken))
            return await RefuseAsync(call, new Refusal(CommitStage.Name, "frame-not-pending", 409, "The run no longer waits for this conversation."));
        if (opened.Gate is { } approved && !await GateRecords.AgreesAsync(_audit, approved, cancellationToken)) return await RefuseAsync(call, CommitStage.Disagrees);
        var chain = AuditChain.ForRun(call.Tenant, site.Run);
        var (spent, isSpent) = await SpendingAsync(chain, opened, site, cancellationToken);
        if (isSpent) return await RefuseAsync(call, CommitStage.Spent);
        var record = ConversationRecords.Opened(chain, opened, details, _time.GetUtcNow());
        var result = await _audit.AppendAsync(chain, [record], spent, CancellationToken.None);
        if (result is AuditAppendResult.AlongsideExists) return await RefuseAsync(call, CommitStage.Spent);
        if (result is AuditAppendResult.AlreadyAppended && (await _audit.FindAsync(chain, record.Id, cancellationToken))?.Details != details)
            await _audit.AppendAsync(chain, [record with { Id = $"{record.Id}:{CanonicalJson.Digest(details)}" }], [], CancellationToken.None);
        return null;
    }

    /// <summary>Records that it does not begin.</summary>
    public async Task<Refusal> RefuseAsync(GatewayCall call, Refusal refusal)
    {
        var now = _time.GetUtcNow();
        await _audit.AppendAsync(CallRecords.ChainOf(call, now), [CallRecords.Refused(CallRecords.ChainOf(call, now), call, refusal, now)], [], CancellationToken.None);
        return refusal;
    }

    /// <summary>The row that spends the grant, where one is needed and this conversation has not spent it yet; or that another one has.</summary>
    private async Task<(IReadOnlyList<TableWrite> Rows, bool IsSpent)> SpendingAsync(AuditChain chain, AuthorizedCall opened, CallSite site, CancellationToken cancellationToken)
    {
        if (opened.Gate is not { } gate) return ([], false);
        var row = EffectClaims.SpentRow(site.Run, gate.Id, site.Frame, compensation: false);
        return await _claims.SpentByAsync(chain, row, cancellationToken) is { } by
            ? ([], by != opened.Call.Effect)
            : ([new TableWrite.Insert(row, JsonValue.Object(("effect", opened.Call.Effect.Value), ("arguments", opened.Frozen.Digest)))], false);
    }
}
