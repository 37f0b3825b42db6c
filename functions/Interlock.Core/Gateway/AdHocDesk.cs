using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Runs;

namespace Interlock.Core.Gateway;

/// <summary>
/// Approvals of clients' own calls. Asking for a call that policy guards opens a gate for exactly this caller, tool and arguments, on the terms of policy
/// alone; asking again finds it; once it is approved the call passes once. A call with an idempotency key is one call for ever; without one, the same
/// call after it was made is another, and is asked for anew. Who was told that a gate came to nothing may ask again.
/// </summary>
public sealed class AdHocDesk
{
    /// <summary>How long people have to decide: somebody waits in front of a client, and what nobody looked at for so long is not waited for any more.</summary>
    public static readonly TimeSpan ExpiresAfter = TimeSpan.FromHours(1);

    /// <summary>How many gates of one caller may be open at a time.</summary>
    public const int MaxOpen = 20;

    private readonly ApprovalDesk _desk;
    private readonly GateStore _gates;
    private readonly AuditLog _audit;
    private readonly TimeProvider _time;
    private readonly AuthorizeStage _authorize;
    private readonly Ledger _ledger;
    private readonly AdHocPlaces _places;

    public AdHocDesk(ApprovalParts parts, ApprovalDesk desk, Ledger ledger)
    {
        (_desk, _gates, _audit, _ledger, _time) = (desk, parts.Gates, parts.Audit, ledger, parts.Time);
        _authorize = new AuthorizeStage(parts.Gates, parts.Policies, parts.Directory, new Readings(parts.Audit, log: null), parts.Time);
        _places = new AdHocPlaces(parts.Store, parts.Gates, parts.Mac);
    }

    /// <param name="call">The call, of no run and on nobody's authority but the caller's.</param>
    /// <param name="registry">The registry to judge it by.</param>
    /// <param name="isKeyed">Whether the call's effect is that of the client's idempotency key.</param>
    /// <param name="pinned">The gate to which the caller's request state leads: then nothing is asked anew.</param>
    /// <param name="cancellationToken">Stops it; asking again goes on where it stopped.</param>
    public async Task<AdHocResult> AskAsync(GatewayCall call, RegistrySnapshot registry, bool isKeyed, GateId? pinned = null, CancellationToken cancellationToken = default)
    {
        if (call is not { Site: null, Chain: { WorkflowOwner: null, Agent: null } }) return new AdHocResult.NotAsked();
        if (ResolveStage.Run(call, registry).Value is not { } routed || ValidateStage.Run(routed).Value is not { } frozen) return new AdHocResult.NotAsked();
        var decision = await _authorize.DecideAsync(frozen, cancellationToken);
        if (decision is not { Effect: PolicyEffect.RequireApproval, Floor.Requirements.Count: > 0 }) return new AdHocResult.NotAsked();
        if (isKeyed && await _ledger.FindAsync(call, cancellationToken) is { Row.State: LedgerState.Completed or LedgerState.Failed }) return new AdHocResult.NotAsked();

        var asked = AdHocCall.Of(frozen, isKeyed);
        while (true)
        {
            var place = await _places.FindAsync(asked, cancellationToken);
            var current = _places.GateOf(asked, place.Occurrence);
            var id = pinned ?? current;
            var (gate, refused) = await GateAsync(frozen, asked, place, id, isKeyed, isPinned: pinned is not null, cancellationToken);
            if (refused is not null) return new AdHocResult.Refused(refused);
            var standing = await StandAsync(frozen, gate, id, isKeyed, isPinned: pinned is not null, cancellationToken);
            if (standing.Result is { } result && (standing.MayStay || !place.IsTold || pinned is not null))
            {
                if (!standing.MayStay && !place.IsTold && id == current) await _places.MoveAsync(asked, place, place.Told, cancellationToken);
                return result;
            }
            await _places.MoveAsync(asked, place, place.Next(standing.Again), cancellationToken);
        }
    }

    /// <summary>Closes the gates of clients' calls whose time is over, and says how many: no run waits for them that would. One that can't be closed keeps no other open.</summary>
    /// <exception cref="AggregateException">Some could not be closed.</exception>
    public async Task<int> CloseExpiredAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        var over = (await _gates.OpenAsync(tenant, cancellationToken)).Where(gate => gate.Run is null && gate.Request.ExpiresAt <= now).ToList();
        var failed = new List<Exception>();
        foreach (var gate in over)
        {
            try
            {
                await _desk.LookAsync(tenant, gate.Id, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failed.Add(e);
            }
        }
        return failed.Count == 0 ? over.Count : throw new AggregateException(failed);
    }

    /// <summary>The gate, opened if it has no row; no gate and no refusal where the row is not one that Interlock wrote.</summary>
    private async Task<(Gate? Gate, Refusal? Refusal)> GateAsync(
        FrozenCall frozen, AdHocCall asked, AdHocPlace place, GateId id, bool isKeyed, bool isPinned, CancellationToken cancellationToken)
    {
        var call = frozen.Call;
        if (await _gates.FindAsync(call.Tenant, id, cancellationToken) is { } stored)
        {
            if (stored.Gate is null) return (null, null);
            var known = await _desk.LookAsync(call.Tenant, id, cancellationToken);
            await RecordAskedAsync(Granted(call, id, isKeyed), known, cancellationToken);
            return (known, null);
        }
        if (isPinned) return (null, new Refusal(AuthorizeStage.Name, "grant-missing", 403, "The gate of this call does not exist any more; make the call anew."));
        var now = _time.GetUtcNow();
        var (origin, request) = (new RunOrigin(call.Chain.Starter, null, "mcp"), Request(frozen, id, now, place.Again));
        if (!await _places.TakeSlotAsync(asked, id, MaxOpen, now, cancellationToken))
        {
            var full = new Refusal(AuthorizeStage.Name, "too-many-gates", 429, $"{MaxOpen} of your calls wait for approvals already, so nobody is asked about one more. Wait until some are decided.");
            var record = GateRecords.NotOpened(call.Tenant, null, origin, request, full, now);
            await _audit.AppendAsync(new AuditChain(call.Tenant, record.Chain), [record], [], cancellationToken);
            return (null, full);
        }
        var opened = await _desk.OpenAsync(call.Tenant, null, origin, request, cancellationToken);
        if (opened.Value is { } gate) await RecordAskedAsync(Granted(call, id, isKeyed), gate, cancellationToken);
        return (opened.Value, opened.Refusal);
    }

    /// <summary>What the gate's standing means for the call. Without a result it is asked for at the next place.</summary>
    private async Task<Standing> StandAsync(FrozenCall frozen, Gate? gate, GateId id, bool isKeyed, bool isPinned, CancellationToken cancellationToken)
    {
        if (gate is { Outcome: null }) return new Standing(new AdHocResult.Waiting(gate), MayStay: true, null);
        if (gate is { Outcome: not GateOutcome.Approved }) return new Standing(new AdHocResult.Declined(gate), MayStay: false, null);
        var granted = Granted(frozen.Call, id, isKeyed);
        var made = (await _ledger.FindAsync(granted, cancellationToken))?.Row.State;
        if (made is not (null or LedgerState.Intended or LedgerState.InputRequired) && !isKeyed && !isPinned) return new Standing(null, MayStay: false, made == LedgerState.Unknown ? "in-doubt" : null);
        // A grant that does not hold any more is refused, and recorded, by the gateway.
        var held = made is null ? await _authorize.RunAsync(frozen with { Routed = frozen.Routed with { Call = granted } }, cancellationToken) : default;
        return new Standing(new AdHocResult.Approved(granted), MayStay: held.Refusal is null, held.Refusal?.Rule);
    }

    private static GatewayCall Granted(GatewayCall call, GateId gate, bool isKeyed) => call with { Grant = gate, IsNew = false, Effect = isKeyed ? call.Effect : EffectIds.OfGrant(gate) };

    private static GateRequest Request(FrozenCall frozen, GateId id, DateTimeOffset now, string? again)
    {
        var call = frozen.Call;
        var title = $"Call {call.Target} for {Excerpt.Of(call.Chain.Starter.DisplayName, 200)}";
        var covered = new CoveredCall(FrameId.Root, TaskPath.Root, "tool", call.Target, null, frozen.Arguments, []);
        return new GateRequest(id, TaskPath.Root, title, null, [], 1, true, true, now + ExpiresAfter, [covered]) { AsksPolicy = true, Again = again };
    }

    /// <summary>Records of the gate's first asking that the call was refused, however often it is asked for.</summary>
    private async Task RecordAskedAsync(GatewayCall call, Gate gate, CancellationToken cancellationToken)
    {
        var refusal = new Refusal(AuthorizeStage.Name, "grant-required", 403, $"'{call.Target}' needs an approval; people are asked.");
        var chain = GateRecords.Chain(gate);
        var record = CallRecords.Refused(chain, call, refusal, gate.OpenedAt) with { Id = $"refused:{gate.Id}:{refusal.Stage}:{refusal.Rule}" };
        await _audit.AppendAsync(chain, [record], [], cancellationToken);
    }

    /// <summary>An answer, which may be given again and again or else once; the rule that keeps an approval from holding.</summary>
    private sealed record Standing(AdHocResult? Result, bool MayStay, string? Again);
}
