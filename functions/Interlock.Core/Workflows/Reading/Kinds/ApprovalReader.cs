using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class ApprovalReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["with"]!; // required by the schema
        var at = step.Path + "/with";
        var approvers = PeopleReader.Approvers(with);
        var quorum = PeopleReader.Quorum(reader.Log, with, approvers, at) ?? 1;
        var (initiator, author) = (PeopleReader.Excludes(with, "excludeInitiator"), PeopleReader.Excludes(with, "excludeAuthor"));
        var onExpiry = Expiry(with["onTimeout"]) ?? (step.Around.OnTimeout == StepAction.Skip ? GateTimeoutAction.Skip : GateTimeoutAction.Fail);
        var escalation = Escalation(reader, with, at, quorum, initiator, author);
        if (onExpiry == GateTimeoutAction.Escalate && with["escalation"] is null)
            reader.Log.Error("on-timeout", at + "/onTimeout", "onTimeout: escalate needs an escalation: who decides then, and by when");
        if (onExpiry != GateTimeoutAction.Escalate && with["escalation"] is not null)
            reader.Log.Error("on-timeout", at + "/escalation", "the escalation is never reached; write onTimeout: escalate, or leave it out");
        if (with["onMismatch"]?.StringOrNull() == "reopen" && with["covers"] is null)
            reader.Log.Warn("covers", at + "/onMismatch", "the gate covers nothing, so no call is asked about again");
        return new ApprovalTask
        {
            Path = step.TaskPath,
            Title = reader.Expressions.Template(with["title"]!, at + "/title", step.Around.Variables), // required by the schema
            Description = with["description"] is { } text ? reader.Expressions.Template(text, at + "/description", step.Around.Variables) : null,
            Approvers = approvers,
            Quorum = quorum,
            Also = PeopleReader.Also(reader.Log, with, at, initiator, author),
            ExcludeInitiator = initiator,
            ExcludeAuthor = author,
            ExpiresAfter = reader.FixedDuration(with["expiresAfter"], at + "/expiresAfter", positive: true) ?? TimeSpan.Zero,
            OnReject = TaskReader.Action(with["onReject"]) ?? (step.Around.OnError == StepAction.Skip ? StepAction.Skip : StepAction.Fail),
            OnExpiry = onExpiry,
            Escalation = escalation,
            OnMismatch = with["onMismatch"]?.StringOrNull() == "reopen" ? MismatchAction.Reopen : MismatchAction.Fail,
            Information = Information(reader, with, at),
        };
    }

    private static GateEscalation? Escalation(TaskReader reader, JsonValue with, string at, int quorum, bool excludeInitiator, bool excludeAuthor)
    {
        if (with["escalation"] is not { } source) return null;
        at += "/escalation";
        var approvers = PeopleReader.Approvers(source);
        return new GateEscalation(approvers,
            PeopleReader.Quorum(reader.Log, source, approvers, at) ?? quorum,
            reader.FixedDuration(source["expiresAfter"], at + "/expiresAfter", positive: true) ?? TimeSpan.Zero,
            Expiry(source["onTimeout"]) ?? GateTimeoutAction.Fail)
        {
            Also = PeopleReader.Also(reader.Log, source, at, excludeInitiator, excludeAuthor),
        };
    }

    /// <summary>The form's shape is the schema's business; here is what only its members together can get wrong.</summary>
    private static InformationRequest? Information(TaskReader reader, JsonValue with, string at)
    {
        if (with["information"] is not { } source) return null;
        at += "/information";
        var form = source["schema"]!["document"]!; // required by the schema
        foreach (var (name, field) in form["properties"]!.Members) // required by the schema
        {
            if (field["enum"] is { } choices && choices.Items.FirstOrDefault(choice => !Fits(choice, field["type"]!.AsString())) is { } other) // required by the schema
                reader.Log.Error("information", at + JsonPointer.Append("/schema/document/properties", name), $"{other} is no {field["type"]!.AsString()}"); // the same
        }
        foreach (var name in form["required"]?.Items.Select(item => item.AsString()).Where(name => form["properties"]![name] is null) ?? [])
            reader.Log.Error("information", at + "/schema/document/required", $"the form has no property '{Quote.Short(name)}'");
        return new InformationRequest(form, source["then"]!.AsString()); // required by the schema
    }

    private static bool Fits(JsonValue choice, string type) => type switch
    {
        "string" => choice.IsString,
        "boolean" => choice.IsBoolean,
        "integer" => choice.IsNumber && double.IsInteger(choice.AsNumber()),
        _ => choice.IsNumber,
    };

    private static GateTimeoutAction? Expiry(JsonValue? value) => value?.StringOrNull() switch
    {
        "fail" => GateTimeoutAction.Fail,
        "skip" => GateTimeoutAction.Skip,
        "escalate" => GateTimeoutAction.Escalate,
        _ => null,
    };
}
