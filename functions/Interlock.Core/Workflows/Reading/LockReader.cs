using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>What steps and runs hold while they go on: <c>metadata.interlock.lock</c> of a step, in short <c>with.lock</c> of a tool, and <c>concurrency</c> of the document.</summary>
internal static class LockReader
{
    public static TaskLock? Read(TaskReader reader, Step step)
    {
        var own = step.Source["metadata"]?["interlock"]?["lock"];
        var at = step.Path + "/metadata/interlock/lock";
        if (TaskKinds.IsCall(step.Source, "tool") && step.Source["with"]?["lock"] is { } name)
        {
            if (own is not null) reader.Log.Error("lock", at, "the call names a lock already, in 'with'; write one of them");
            return new TaskLock(Name(reader, step, name, step.Path + "/with/lock"), 1);
        }
        return own is null ? null : new TaskLock(Name(reader, step, own["name"]!, at + "/name"), (int?)own["places"]?.AsNumber() ?? 1); // required by the schema
    }

    public static ConcurrencyRule? Concurrency(TaskReader reader, JsonValue? source, string at) => source is null ? null : new ConcurrencyRule(
        reader.Expressions.Template(source["key"]!, at + "/key", [], ArgumentsAt.Workflow), // required by the schema
        (int?)source["limit"]?.AsNumber() ?? 1,
        source["onBusy"]?.AsString() switch
        {
            "reject" => LockContention.Reject,
            "cancelRunning" => LockContention.CancelRunning,
            _ => LockContention.Queue,
        });

    private static Template Name(TaskReader reader, Step step, JsonValue name, string at)
    {
        var template = reader.Expressions.Template(name, at, step.Around.Variables);
        if (template is Template.Literal { Value.IsString: true } literal && !TaskLock.IsName(literal.Value.AsString()))
            reader.Log.Error("lock", at, $"the name of a lock has 1 to 200 printable characters and does not begin with '{TaskLock.OwnPrefix}'");
        return template;
    }
}
