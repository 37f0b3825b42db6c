using System.Globalization;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>The audit records of a run's own life: who started it with what, who asked it to stop, how it ended.</summary>
public static class RunRecords
{
    public static AuditRecord Started(RunEvent.RunStarted started) =>
        Of(started.Tenant, started.Run, started.Workflow, $"run:{started.Run}:started", AuditTypes.RunStarted, started.At) with
        {
            Actors = [started.Origin.Starter.Subject],
            ArgumentsDigest = CanonicalJson.Digest(started.Input),
            Trace = started.Origin.TraceParent,
            Details = Details(started.Origin),
        };

    private static JsonValue Details(RunOrigin origin)
    {
        var details = JsonValue.Object(
            ("trigger", origin.Trigger),
            ("owner", origin.WorkflowOwner is { } owner ? owner : JsonValue.Null),
            ("initiators", JsonValue.Array(origin.Initiators.Select(JsonValue.From))));
        if (origin.Parent is { } parent) details = details.With("parent", parent.Value).With("depth", origin.Depth);
        return origin.Behind is { Count: > 0 } behind ? details.With("behind", JsonValue.Array(behind.Select(JsonValue.From))) : details;
    }

    /// <summary>The event that a run is about to publish: recorded before it is stored.</summary>
    internal static AuditRecord Emitted(RunState run, Command.EmitEvent emit, DateTimeOffset at) =>
        Of(run.Tenant, run.Id, run.Workflow, $"emit:{emit.Id}", AuditTypes.EventEmitted, at) with
        {
            Task = emit.Task,
            Frame = emit.Frame,
            Actors = [.. run.Origin.Chain().Subjects],
            Effect = emit.Id,
            Target = Excerpt.Of($"event:{emit.Event["type"]?.StringOrNull()}", 200),
            ArgumentsDigest = CanonicalJson.Digest(emit.Event),
            Trace = run.Origin.TraceParent,
        };

    /// <summary>An event or a child run that was refused to a run.</summary>
    internal static AuditRecord Refused(RunState run, Command command, TaskPath task, string target, JsonValue content, Problem problem, DateTimeOffset at) =>
        Of(run.Tenant, run.Id, run.Workflow, $"refused:{command.Id}", AuditTypes.CallRefused, at) with
        {
            Task = task,
            Frame = command.Frame,
            Actors = [.. run.Origin.Chain().Subjects],
            Effect = command.Id,
            Target = Excerpt.Of(target, 200),
            ArgumentsDigest = CanonicalJson.Digest(content),
            Decision = "refused",
            Stage = problem.Stage,
            Rule = problem.Rule,
            Reason = problem.Detail is { } detail ? Excerpt.Of(detail, 1000) : null,
            Trace = run.Origin.TraceParent,
        };

    /// <summary>The id of the record of a run's end.</summary>
    internal static string ClosedId(RunId run) => $"run:{run}:closed";

    public static AuditRecord Closed(RunState state) =>
        Of(state.Tenant, state.Id, state.Workflow, ClosedId(state.Id), AuditTypes.RunState, state.Now) with
        {
            Actors = [state.Origin.Starter.Subject],
            Outcome = state.Status.Text(),
            Problem = state.Error,
            ResultDigest = state.Output is { } output ? CanonicalJson.Digest(output) : null,
            DurationMs = (long)(state.Now - state.StartedAt).TotalMilliseconds,
        };

    /// <summary>A person's request to a run: <paramref name="what"/> is <c>cancel</c>, <c>suspend</c>, <c>resume</c>, or a word on a call in doubt.</summary>
    public static AuditRecord Requested(RunState state, DateTimeOffset at, Principal by, string what, string? reason) => Requested(state, at, by.Subject, what, reason);

    /// <summary>The same by a subject: another run's is <c>run:{id}</c>.</summary>
    internal static AuditRecord Requested(RunState state, DateTimeOffset at, string by, string what, string? reason) =>
        Of(state.Tenant, state.Id, state.Workflow, $"run:{state.Id}:{what}:{at.UtcTicks.ToString(CultureInfo.InvariantCulture)}", AuditTypes.RunState, at) with
        {
            Actors = [by],
            Decision = what,
            Reason = reason,
        };

    internal static AuditRecord Of(TenantId tenant, RunId run, WorkflowRef workflow, string id, string type, DateTimeOffset at) => new()
    {
        Id = id,
        Type = type,
        Time = at,
        Tenant = tenant,
        Chain = AuditChain.ForRun(tenant, run).Id,
        Run = run,
        WorkflowName = workflow.Name,
        WorkflowVersion = workflow.Version,
        WorkflowDigest = workflow.Digest,
    };
}
