using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Core.Policy;

namespace Interlock.Core.Gateway.Stages;

/// <summary>Authorize: policy over the whole actor chain, and the grant where policy or the document asks for one. Verified here, spent at commit.</summary>
internal sealed class AuthorizeStage(GateStore gates, PolicyCache policies, IDirectory directory, TimeProvider time)
{
    public const string Name = "authorize";

    public async Task<StageResult<AuthorizedCall>> RunAsync(FrozenCall frozen, CancellationToken cancellationToken)
    {
        var call = frozen.Call;
        var decision = await DecideAsync(frozen, cancellationToken);
        if (decision.Effect == PolicyEffect.Deny) return new Refusal(Name, decision.RefusalRule ?? PolicyRules.DefaultDeny, 403, decision.Reason);
        if (decision.Effect == PolicyEffect.Allow && !call.RequiresGrant) return new AuthorizedCall(frozen, decision, null);
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

    /// <summary>Policy's word on a frozen call, by the registry it was routed with.</summary>
    public async Task<PolicyDecision> DecideAsync(FrozenCall frozen, CancellationToken cancellationToken)
    {
        var call = frozen.Call;
        var request = new PolicyRequest(
            call.Chain, call.Kind, frozen.Routed.Entry.Name, frozen.Routed.Target.ContractDigest, frozen.Arguments, time.GetUtcNow(),
            call.Site?.Workflow.Name, call.Site?.Task);
        return PolicyEngine.Decide(policies.Of(frozen.Routed.Registry), await request.WithGroupsAsync(directory, cancellationToken));
    }

    private static string Missing(GatewayCall call, PolicyDecision decision) => call.Site is null
        ? $"'{call.Target}' needs an approval ({decision.Reason}). Start a workflow that has a gate for it."
        : $"'{call.Target}' needs an approval ({decision.Reason}), and no approved gate of this run covers this task. Name the task in a gate's 'covers'.";
}
