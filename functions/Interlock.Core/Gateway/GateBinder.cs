using Interlock.Core.Approvals;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>
/// Binds what a gate covers to what it will reach now, by the same stages that the calls will pass: target, contract, endpoint, frozen
/// arguments; and holds the gate against the least one that policy accepts, unless policy is to say who is asked.
/// </summary>
internal sealed class GateBinder(AuthorizeStage authorize)
{
    /// <summary>The bound calls, or the first refusal.</summary>
    public async Task<StageResult<List<BoundCall>>> BindAsync(
        GateRequest request, RunOrigin origin, CallSite? site, RegistrySnapshot registry, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var terms = request.Approvers.IsEmpty && request.AsksPolicy ? null : new GateTerms(request.Requirements);
        var calls = new List<BoundCall>(request.Covers.Length);
        foreach (var covered in request.Covers)
        {
            var bound = await BindAsync(covered, terms, request.ChainOf(origin), site, registry, now, cancellationToken);
            if (bound.Refusal is { } refusal) return site is null ? refusal : refusal with { Detail = $"The task '{covered.Task.Name}' that the gate covers: {refusal.Detail}" };
            calls.Add(bound.Value!); // no refusal, so there is a value
        }
        return calls;
    }

    private async Task<StageResult<BoundCall>> BindAsync(
        CoveredCall covered, GateTerms? terms, ActorChain chain, CallSite? site, RegistrySnapshot registry, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var kind = covered.Kind == "tool" ? TargetKind.Tool : TargetKind.Agent;
        var call = new GatewayCall(new EffectId(""), chain, kind, covered.Target, covered.Version, covered.Arguments, now)
        {
            Site = site is null ? null : site with { Task = covered.Task, Frame = covered.Frame },
            Step = kind == TargetKind.Agent ? ConversationStep.Open : ConversationStep.None, // of an agent of another kind it is a call all the same
        };
        var routed = ResolveStage.Run(call, registry);
        if (routed.Refusal is { } unknown) return unknown;
        var frozen = ValidateStage.Run(routed.Value!, covered.Computed); // no refusal, so there is a value; the same below
        if (frozen.Refusal is { } invalid) return invalid;
        var decision = await authorize.DecideAsync(frozen.Value!, cancellationToken);
        if (decision.Effect == PolicyEffect.Deny) return new Refusal(AuthorizeStage.Name, decision.RefusalRule ?? PolicyRules.DefaultDeny, 403, decision.Reason);
        if (terms is not null && decision.Floor is { } floor && floor.IsMetBy(terms) is { Reason: { } weaker }) return new Refusal(AuthorizeStage.Name, ApprovalFloor.Rule, 403, weaker);
        var arguments = GrantCheck.Without(frozen.Value!.Arguments, covered.Computed);
        var bound = new BoundCall(covered.Frame, covered.Task, covered.Kind, routed.Value!.Target, arguments, CanonicalJson.Digest(arguments), covered.Computed)
        {
            PolicyReason = decision.Reason,
            Floor = [.. decision.Floor?.Requirements ?? []],
        };
        return covered.Compensation is { } undo ? Compensate(bound, undo, call, registry) : bound;
    }

    private static StageResult<BoundCall> Compensate(BoundCall bound, CoveredCompensation undo, GatewayCall call, RegistrySnapshot registry)
    {
        var routed = ResolveStage.Run(call with { Kind = TargetKind.Tool, Target = undo.Tool, Version = null }, registry);
        return routed.Refusal is { } unknown
            ? unknown
            : bound with { Compensation = routed.Value!.Target, CompensationDigest = undo.ArgumentsDigest }; // no refusal, so there is a value
    }
}
