using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Locks;

/// <summary>The audit records of locks, in the chain of the run: each once, whoever is told how often.</summary>
internal static class LockRecords
{
    public static AuditRecord Granted(RunState run, string name, LockClaim claim) => Of(run, name, claim.Effect, claim.Frame, "granted", AuditTypes.LockGranted, claim.GrantedAt) with
    {
        DurationMs = (long)(claim.GrantedAt - claim.AskedAt).TotalMilliseconds,
        Details = JsonValue.Object(("fence", claim.Fence), ("ticket", claim.Ticket)),
    };

    /// <summary><paramref name="reason"/> is null where the run itself gave it back.</summary>
    public static AuditRecord Released(RunState run, string name, LockClaim claim, string? reason, DateTimeOffset at) => Of(run, name, claim.Effect, claim.Frame, "released", AuditTypes.LockReleased, at) with
    {
        DurationMs = (long)(at - claim.GrantedAt).TotalMilliseconds,
        Reason = reason,
        Details = JsonValue.Object(("fence", claim.Fence)),
    };

    public static AuditRecord Refused(RunState run, Command.HoldLock wanted, Problem problem, DateTimeOffset at) => Of(run, wanted.Name, wanted.Id, wanted.Frame, "refused", AuditTypes.LockRefused, at) with
    {
        Decision = "refused",
        Stage = problem.Stage,
        Rule = problem.Rule,
        Reason = problem.Detail,
    };

    private static AuditRecord Of(RunState run, string name, EffectId effect, FrameId frame, string what, string type, DateTimeOffset at) => new()
    {
        Id = $"lock:{effect}:{what}",
        Type = type,
        Time = at,
        Tenant = run.Tenant,
        Chain = AuditChain.ForRun(run.Tenant, run.Id).Id,
        Run = run.Id,
        WorkflowName = run.Workflow.Name,
        WorkflowVersion = run.Workflow.Version,
        WorkflowDigest = run.Workflow.Digest,
        Frame = frame == FrameId.Root ? null : frame,
        Task = frame == FrameId.Root ? null : frame.Task,
        Actors = [.. run.Origin.Chain().Subjects],
        Effect = effect,
        Target = $"lock:{name}",
        Trace = run.Origin.TraceParent,
    };
}
