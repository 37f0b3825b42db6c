using System.Collections.Immutable;
using Interlock.Core.Policy;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class ApprovalReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["with"]!; // required by the schema
        var at = step.Path + "/with";
        var approvers = Approvers(with["approvers"]!); // required by the schema
        var quorum = Quorum(reader, with, approvers, at) ?? 1;
        var onExpiry = Expiry(with["onTimeout"]) ?? (step.Around.OnTimeout == StepAction.Skip ? GateTimeoutAction.Skip : GateTimeoutAction.Fail);
        var escalation = Escalation(reader, with, at, quorum);
        if (onExpiry == GateTimeoutAction.Escalate && with["escalation"] is null)
            reader.Log.Error("on-timeout", at + "/onTimeout", "onTimeout: escalate needs an escalation: who decides then, and by when");
        if (onExpiry != GateTimeoutAction.Escalate && with["escalation"] is not null)
            reader.Log.Error("on-timeout", at + "/escalation", "the escalation is never reached; write onTimeout: escalate, or leave it out");
        return new ApprovalTask
        {
            Path = step.TaskPath,
            Title = reader.Expressions.Template(with["title"]!, at + "/title", step.Around.Variables), // required by the schema
            Description = with["description"] is { } text ? reader.Expressions.Template(text, at + "/description", step.Around.Variables) : null,
            Approvers = approvers,
            Quorum = quorum,
            ExcludeInitiator = with["excludeInitiator"]?.AsBoolean() ?? true,
            ExcludeAuthor = with["excludeAuthor"]?.AsBoolean() ?? true,
            ExpiresAfter = reader.FixedDuration(with["expiresAfter"], at + "/expiresAfter", positive: true) ?? TimeSpan.Zero,
            OnReject = TaskReader.Action(with["onReject"]) ?? step.Around.OnError ?? StepAction.Fail,
            OnExpiry = onExpiry,
            Escalation = escalation,
        };
    }

    private static GateEscalation? Escalation(TaskReader reader, JsonValue with, string at, int quorum)
    {
        if (with["escalation"] is not { } source) return null;
        at += "/escalation";
        var approvers = Approvers(source["approvers"]!); // required by the schema
        return new GateEscalation(approvers,
            Quorum(reader, source, approvers, at) ?? quorum,
            reader.FixedDuration(source["expiresAfter"], at + "/expiresAfter", positive: true) ?? TimeSpan.Zero,
            Expiry(source["onTimeout"]) ?? GateTimeoutAction.Fail);
    }

    private static ImmutableArray<Approver> Approvers(JsonValue list) =>
    [
        .. list.Items.Select(item => item["user"] is { } user
            ? new Approver(ApproverKind.User, user.AsString())
            : new Approver(ApproverKind.Group, item["group"]!.AsString())), // the schema allows exactly these two
    ];

    /// <summary>How many must approve, when written. More than there are people could never close the gate.</summary>
    private static int? Quorum(TaskReader reader, JsonValue source, ImmutableArray<Approver> approvers, string at)
    {
        if (source["quorum"] is not { } written) return null;
        var quorum = (int)written.AsNumber();
        if (approvers.All(approver => approver.Kind == ApproverKind.User) && approvers.Distinct().Count() is var people && quorum > people)
            reader.Log.Error("quorum", at + "/quorum", $"a quorum of {quorum} can't be reached with {people} approvers");
        return quorum;
    }

    private static GateTimeoutAction? Expiry(JsonValue? value) => value?.StringOrNull() switch
    {
        "fail" => GateTimeoutAction.Fail,
        "skip" => GateTimeoutAction.Skip,
        "escalate" => GateTimeoutAction.Escalate,
        _ => null,
    };
}
