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
            Details = JsonValue.Object(
                ("trigger", started.Origin.Trigger),
                ("owner", started.Origin.WorkflowOwner is { } owner ? owner : JsonValue.Null),
                ("initiators", JsonValue.Array(started.Origin.Initiators.Select(JsonValue.From)))),
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
    public static AuditRecord Requested(RunState state, DateTimeOffset at, Principal by, string what, string? reason) =>
        Of(state.Tenant, state.Id, state.Workflow, $"run:{state.Id}:{what}:{at.UtcTicks.ToString(CultureInfo.InvariantCulture)}", AuditTypes.RunState, at) with
        {
            Actors = [by.Subject],
            Decision = what,
            Reason = reason,
        };

    private static AuditRecord Of(TenantId tenant, RunId run, WorkflowRef workflow, string id, string type, DateTimeOffset at) => new()
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
