using System.Globalization;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Contracts;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Http.Api;

/// <summary>How things look in answers of the API; their schemas are in <see cref="ApiSchemas"/>.</summary>
internal static class Views
{
    public static JsonValue Run(RunState run)
    {
        var json = JsonValue.Object(
            ("id", run.Id.Value),
            ("workflow", JsonValue.Object(("name", run.Workflow.Name), ("version", run.Workflow.Version), ("digest", run.Workflow.Digest))),
            ("status", run.Status.Text()),
            ("suspended", run.Suspended),
            ("startedAt", Time(run.StartedAt)),
            ("updatedAt", Time(run.Now)),
            ("starter", run.Origin.Starter.Subject),
            ("trigger", run.Origin.Trigger),
            ("input", run.Input),
            ("pending", JsonValue.Array(run.Pending.Values.Select(Pending))),
            ("inDoubt", JsonValue.Array(run.InDoubt.Select(effect => JsonValue.From(effect.Value)))),
            ("events", run.Events),
            ("auditRef", AuditChain.ForRun(run.Tenant, run.Id).Id));
        if (run.Output is { } output) json = json.With("output", output);
        return run.Error is { } error ? json.With("error", error.ToJson()) : json;
    }

    public static JsonValue Run(RunSummary run) => JsonValue.Object(
        ("id", run.Id.Value), ("workflow", run.Workflow), ("version", run.Version), ("status", run.Status), ("startedAt", Time(run.StartedAt)), ("updatedAt", Time(run.UpdatedAt)));

    public static JsonValue Entry(RegistryEntry entry) => Entry(null, entry);

    /// <param name="registry">Where it stands, to say what changed in a contract; null leaves that out.</param>
    /// <param name="entry">The entry.</param>
    public static JsonValue Entry(RegistrySnapshot? registry, RegistryEntry entry)
    {
        var json = JsonValue.Object(
            ("kind", entry.Kind.ToString().ToLowerInvariant()), ("name", entry.Name), ("version", entry.Version),
            ("lifecycle", entry.Lifecycle.ToString().ToLowerInvariant()), ("digest", entry.Digest), ("changedBy", entry.ChangedBy), ("changedAt", Time(entry.ChangedAt)));
        if (entry.Successor is not null) json = json.With("successor", entry.Successor);
        if (entry.Reason is not null) json = json.With("reason", entry.Reason);
        if (entry.Findings is { Count: > 0 } findings) json = json.With("findings", JsonValue.Array(findings.Select(Finding)));
        if (entry.Shown is { } shown)
        {
            var other = JsonValue.Object(("digest", shown.Digest), ("at", Time(shown.At)));
            json = json.With("shown", registry is not null && ContractDiffs.OfShown(registry, entry) is { } diff ? other.With("diff", Diff(diff)) : other);
        }
        return entry.Kind switch
        {
            RegistryKind.Policy => json,
            RegistryKind.Agent => json.With("body", entry.Body.With("settings", AgentSettingsJson.Write(entry.As<AgentBody>().Settings))),
            RegistryKind.Workflow => json.With("documentDigest", entry.As<WorkflowBody>().DocumentDigest).With("owner", entry.As<WorkflowBody>().Owner),
            _ => json.With("body", entry.Body),
        };
    }

    /// <summary>What a check of a document found, and its report where one was made.</summary>
    public static JsonValue Check(IReadOnlyList<Finding> findings, ReadinessReport? readiness)
    {
        var json = JsonValue.Object(("findings", JsonValue.Array(findings.Select(finding => finding.ToJson()))));
        return readiness is null ? json : json.With("readiness", readiness.ToJson());
    }

    public static JsonValue Diff(ContractDiff diff) => JsonValue.Object(
        ("changes", JsonValue.Array(diff.Members.Select(change => JsonValue.Object(("pointer", change.Pointer), ("from", change.From is null ? JsonValue.Null : change.From), ("to", change.To is null ? JsonValue.Null : change.To))))),
        ("input", JsonValue.Array(diff.Input.Select(Change))),
        ("output", JsonValue.Array(diff.Output.Select(Change))));

    public static JsonValue Gate(Gate gate)
    {
        var json = JsonValue.Object(
            ("id", gate.Id.Value),
            ("title", gate.Request.Title),
            ("approvers", JsonValue.Array(gate.Request.Approvers.Select(approver => approver.ToJson()))),
            ("quorum", gate.Request.Quorum),
            ("excludeInitiator", gate.Request.ExcludeInitiator),
            ("excludeAuthor", gate.Request.ExcludeAuthor),
            ("initiators", JsonValue.Array(gate.Initiators.Select(JsonValue.From))),
            ("openedAt", Time(gate.OpenedAt)),
            ("expiresAt", Time(gate.Request.ExpiresAt)),
            ("onReject", gate.Request.OnReject),
            ("onExpiry", gate.Request.OnExpiry),
            ("requirements", JsonValue.Array(gate.Request.Requirements.Select(requirement => requirement.ToJson()))),
            ("revision", gate.Revision),
            ("shownDigest", gate.ShownDigest),
            ("calls", JsonValue.Array(gate.Calls.Select(Call))),
            ("votes", JsonValue.Array(gate.Votes.Select(vote => Vote(vote).With("stands", vote.Revision == gate.Revision)))),
            ("changes", JsonValue.Array(gate.Changes.Select(Change))),
            ("delegations", JsonValue.Array(gate.Delegations.Select(Delegation))));
        if (gate.Run is { } run) json = json.With("run", run.Value);
        if (gate.Workflow is { } workflow) json = json.With("workflow", workflow.Name).With("version", workflow.Version);
        if (gate.Request.Description is { } description) json = json.With("description", description);
        if (gate.Request.Information is { } form) json = json.With("informationSchema", form);
        if (gate.Request.Failure is { } failure) json = json.With("failure", Failure(failure));
        if (gate.Request.Again is { } again) json = json.With("again", again);
        if (gate.Information is { } information) json = json.With("information", information);
        if (gate.Choice is { } choice) json = json.With("choice", choice);
        return gate.Outcome is { } outcome ? json.With("outcome", outcome.ToString().ToLowerInvariant()) : json;
    }

    public static JsonValue Rates(DecisionRates rates) => JsonValue.Object(
        ("workflows", JsonValue.Array(rates.Workflows.Select(rate => Rate("workflow", rate)))),
        ("approvers", JsonValue.Array(rates.Approvers.Select(rate => Rate("approver", rate)))));

    public static JsonValue Audit(AuditEntry entry) =>
        JsonValue.Object(("seq", entry.Seq), ("prev", entry.Prev), ("hash", entry.Hash), ("record", entry.Record.ToJson()));

    public static JsonValue Transition(RunState? before, RunState after, bool ok) => JsonValue.Object(
        ("ok", ok),
        ("runId", after.Id.Value),
        ("previousState", before is null ? JsonValue.Null : State(before)),
        ("currentState", State(after)),
        ("auditRef", AuditChain.ForRun(after.Tenant, after.Id).Id));

    /// <summary>The status, or <c>suspended</c> while a running one is.</summary>
    public static string State(RunState run) => run.Suspended && !run.Status.IsClosed() ? "suspended" : run.Status.Text();

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static JsonValue Call(BoundCall call)
    {
        var json = JsonValue.Object(
            ("task", call.Task.Value), ("frame", call.Frame.Value), ("kind", call.Kind), ("target", Target(call.Target)),
            ("arguments", call.Arguments), ("argumentsDigest", call.ArgumentsDigest),
            ("computed", JsonValue.Array(call.Computed.Select(JsonValue.From))));
        if (call.PolicyReason is { } reason) json = json.With("policyReason", reason);
        return call.Compensation is { } undo ? json.With("compensation", Target(undo)) : json;
    }

    private static JsonValue Target(BoundTarget target) => JsonValue.Object(
        ("name", target.Name), ("version", target.Version), ("contractDigest", target.ContractDigest), ("address", target.Address.ToString()));

    private static JsonValue Finding(ContractFinding finding) => JsonValue.Object(("rule", finding.Rule), ("pointer", finding.Pointer), ("excerpt", finding.Excerpt));

    private static JsonValue Change(SchemaChange change) => JsonValue.Object(
        ("location", change.Location), ("breaksCallers", change.BreaksCallers), ("breaksResults", change.BreaksResults), ("explanation", change.Explanation));

    private static JsonValue Vote(Vote vote)
    {
        var json = JsonValue.Object(("by", vote.By), ("name", vote.DisplayName), ("as", vote.As), ("approves", vote.Approves), ("at", Time(vote.At)));
        if (vote.For is { } from) json = json.With("for", from);
        if (vote.Choice is { } choice) json = json.With("choice", choice);
        return vote.Reason is { } reason ? json.With("reason", reason) : json;
    }

    private static JsonValue Change(GateChange change)
    {
        var json = JsonValue.Object(
            ("kind", change.Kind.ToString().ToLowerInvariant()), ("by", change.By), ("at", Time(change.At)), ("revision", change.Revision), ("details", change.Details));
        return change.Reason is { } reason ? json.With("reason", reason) : json;
    }

    private static JsonValue Delegation(Delegation delegation)
    {
        var json = JsonValue.Object(("from", delegation.From), ("to", delegation.To), ("since", Time(delegation.Since)), ("until", Time(delegation.Until)));
        return delegation.Reason is { } reason ? json.With("reason", reason) : json;
    }

    private static JsonValue Failure(FailedStep failure) => JsonValue.Object(
        ("frame", failure.Frame.Value), ("problem", failure.Problem.ToJson()), ("options", JsonValue.Array(failure.Options.Select(JsonValue.From))));

    private static JsonValue Rate(string of, DecisionRate rate) => JsonValue.Object(
        (of, rate.Of), ("asked", rate.Asked), ("accepted", rate.Accepted), ("overridden", rate.Overridden), ("edited", rate.Edited), ("rejected", rate.Rejected),
        ("returned", rate.Returned), ("acceptRate", rate.AcceptRate is { } share ? share : JsonValue.Null));

    private static JsonValue Pending(Command command)
    {
        var json = JsonValue.Object(("effect", command.Id.Value), ("frame", command.Frame.Value), ("kind", command switch
        {
            Command.CallTool => "tool",
            Command.CallAgent => "agent",
            Command.OpenApproval => "approval",
            Command.CloseApproval => "approvalClosing",
            Command.StartTimer => "timer",
            Command.EmitEvent => "emit",
            Command.AwaitEvent => "listen",
            Command.StartChild => "run",
            Command.HoldLock => "lock",
            _ => "other",
        }));
        return command switch
        {
            Command.Call call => json.With("target", call.Target).With("deadline", Time(call.Deadline)),
            Command.OpenApproval open => json.With("gate", open.Gate.Id.Value).With("title", open.Gate.Title),
            Command.StartTimer timer => json.With("dueAt", Time(timer.DueAt)),
            Command.EmitEvent emit => json.With("type", emit.Event["type"] ?? JsonValue.Null),
            Command.AwaitEvent wanted => json.With("types", JsonValue.Array(wanted.Types.Select(JsonValue.From))).With("since", Time(wanted.Since)),
            Command.StartChild child => json.With("workflow", child.Workflow),
            Command.HoldLock hold => json.With("lock", hold.Name),
            _ => json,
        };
    }
}
