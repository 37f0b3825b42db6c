using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Core.Policy;

namespace Interlock.Core.Gateway.Stages;

/// <summary>Authorize: policy over the whole actor chain, and the grant where policy or the document asks for one. Verified here, spent at commit.</summary>
internal sealed class AuthorizeStage(GateStore gates, PolicyCache policies, IDirectory directory, Readings readings, TimeProvider time)
{
    public const string Name = "authorize";

    /// <summary>The gate that granted the conversation of which a call is a turn; null where turns are not made.</summary>
    public Func<GatewayCall, CancellationToken, Task<GateId?>>? GateOfConversation { get; init; }

    public async Task<StageResult<AuthorizedCall>> RunAsync(FrozenCall frozen, CancellationToken cancellationToken)
    {
        var call = frozen.Call;
        var decision = await DecideAsync(frozen, cancellationToken);
        if (decision.Effect == PolicyEffect.Deny) return new Refusal(Name, decision.RefusalRule ?? PolicyRules.DefaultDeny, 403, decision.Reason);
        if (decision.Effect == PolicyEffect.Allow && !call.RequiresGrant) return new AuthorizedCall(frozen, decision, null);
        if (call.Step == ConversationStep.Turn) return await OfTurnAsync(frozen, decision, cancellationToken);
        if (call.Grant is not { } grant) return new Refusal(Name, "grant-required", 403, Missing(call, decision));
        if (await gates.FindAsync(call.Tenant, grant, cancellationToken) is not { } stored)
            return new Refusal(Name, "grant-missing", 403, "The gate that is to grant this call does not exist.");
        if (stored.Gate is not { } gate)
            return new Refusal(Name, "grant-unauthentic", 403, UnauthenticGateException.Advice);
        if (decision.Floor is { } floor && gate.WeakerThan(floor) is { } weaker) return new Refusal(Name, ApprovalFloor.Rule, 403, weaker);
        var frame = call.Site?.Frame ?? FrameId.Root;
        var claim = new GrantClaim(call.Tenant, call.Chain.Subjects, call.Site?.Run, frame, call.IsCompensation, frozen.Routed.Target, frozen.Arguments);
        if (GrantCheck.Refuse(gate, claim, gates.Incarnation, time.GetUtcNow()) is { } refused) return new Refusal(Name, refused.Rule, refused.Status, refused.Detail);
        return decision.Floor is { SecondLook: true } && !call.IsCompensation && gate.Calls.Any(bound => bound.Frame == frame && !bound.Computed.IsEmpty)
            ? new Refusal(Name, "second-look-required", 403, $"People approved this before {string.Join(", ", gate.Calls.First(bound => bound.Frame == frame).Computed)} was known, and policy wants them to look again now that it is.")
            : new AuthorizedCall(frozen, decision, gate);
    }

    /// <summary>What people approved is the conversation: of a turn of it, they need not look again.</summary>
    private async Task<StageResult<AuthorizedCall>> OfTurnAsync(FrozenCall frozen, PolicyDecision decision, CancellationToken cancellationToken)
    {
        var call = frozen.Call;
        if (GateOfConversation is not { } find || await find(call, cancellationToken) is not { } under)
            return new Refusal(Name, "grant-required", 403, $"'{call.Target}' needs an approval ({decision.Reason}), and this conversation began without one.");
        if ((await gates.FindAsync(call.Tenant, under, cancellationToken))?.Gate is not { } gate) return new Refusal(Name, "grant-unauthentic", 403, UnauthenticGateException.Advice);
        if (GrantCheck.RefuseTurn(gate, call.Site!.Frame, frozen.Routed.Target, gates.Incarnation) is { } refused) return new Refusal(Name, refused.Rule, refused.Status, refused.Detail); // turns are runs'
        return decision.Floor is { } floor && gate.WeakerThan(floor) is { } weaker
            ? new Refusal(Name, ApprovalFloor.Rule, 403, weaker)
            : new AuthorizedCall(frozen, decision, null) { Under = under };
    }

    /// <summary>
    /// Policy's word on a frozen call, by the registry it was routed with. Of an agent that is a tool both are asked: by its name as an agent nobody gets to what its name as a tool keeps them from.
    /// </summary>
    public async Task<PolicyDecision> DecideAsync(FrozenCall frozen, CancellationToken cancellationToken)
    {
        var (call, registry) = (frozen.Call, frozen.Routed.Registry);
        var policy = policies.Of(registry);
        var request = new PolicyRequest(
            call.Chain, call.Kind, frozen.Routed.Entry.Name, frozen.Routed.Target.ContractDigest, frozen.Arguments, time.GetUtcNow(),
            call.Site?.Workflow.Name, call.Site?.Task);
        var tool = frozen.Routed.Tool?.Name;
        // What undoes a call is never held back by what was read: its arguments were fixed when the call happened, and the document wrote how.
        if (!call.IsCompensation && (PolicyEngine.AsksWhatWasRead(policy, call.Kind, request.Target) || (tool is not null && PolicyEngine.AsksWhatWasRead(policy, TargetKind.Tool, tool))))
            request = request with { Read = await readings.OfAsync(call, registry, request.Now, cancellationToken) };
        request = await request.WithGroupsAsync(directory, cancellationToken);
        var decision = PolicyEngine.Decide(policy, request);
        return tool is null ? decision : decision.And(PolicyEngine.Decide(policy, request with { Kind = TargetKind.Tool, Target = tool }));
    }

    private static string Missing(GatewayCall call, PolicyDecision decision) => call.Site is null
        ? $"'{call.Target}' needs an approval ({decision.Reason}). Start a workflow that has a gate for it."
        : $"'{call.Target}' needs an approval ({decision.Reason}), and no approved gate of this run covers this task. Name the task in a gate's 'covers'.";
}
