using Interlock.Core.Audit;
using Interlock.Core.Intake;
using Interlock.Core.Intake.Events;
using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>
/// Publishes what runs emit, for whoever started the run. One record, durable before the event is: storing the event is a write of our own that is found done or
/// is done when it is asked for again, so it is never in doubt, and no outcome has to be told apart from it.
/// </summary>
internal sealed class EventEmitter(RunIntake intake, AuditLog audit, TimeProvider time)
{
    public const string Stage = "emit";

    /// <summary>Null once the event is stored and on its way; else why it was refused, which is recorded.</summary>
    public async Task<Problem?> EmitAsync(RunState run, Command.EmitEvent emit, CancellationToken cancellationToken)
    {
        var (happened, error) = CloudEvent.Read(emit.Event);
        if (happened is null) return await RefuseAsync(run, emit, ProblemTypes.Validation, 400, "invalid-event", error ?? "This is no CloudEvent.", cancellationToken);
        if (happened.Type.StartsWith(LifecycleEvents.TypePrefix, StringComparison.Ordinal))
            return await RefuseAsync(run, emit, ProblemTypes.Refused, 403, "reserved-type", $"Events of the types {LifecycleEvents.TypePrefix}… say how runs stand; give this one a type of its own.", cancellationToken);
        if (run.Origin.Depth >= RunLimits.Causation)
            return await RefuseAsync(run, emit, ProblemTypes.Limit, 409, RunLimits.CausationRule, $"{RunLimits.Causation} runs led to this one, each the cause of the next; it may cause no more.", cancellationToken);
        await audit.AppendAsync(AuditChain.ForRun(run.Tenant, run.Id), [RunRecords.Emitted(run, emit, time.GetUtcNow())], [], cancellationToken);
        var result = await intake.ReceiveAsync(run.Origin.Starter, happened, EventCause.Of(run), cancellationToken);
        return result is IntakeResult.Refused { Problem: { Rule: not null } problem } ? problem with { Stage = problem.Stage ?? Stage } : null; // a workflow's filter that fails is no fault of the event
    }

    private async Task<Problem> RefuseAsync(RunState run, Command.EmitEvent emit, string type, int status, string rule, string detail, CancellationToken cancellationToken)
    {
        var problem = new Problem(type, status, "The event was not published", detail) { Stage = Stage, Rule = rule };
        var record = RunRecords.Refused(run, emit, emit.Task, $"event:{emit.Event["type"]?.StringOrNull()}", emit.Event, problem, time.GetUtcNow());
        await audit.AppendAsync(AuditChain.ForRun(run.Tenant, run.Id), [record], [], cancellationToken);
        return problem;
    }
}
