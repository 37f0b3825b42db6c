using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

/// <summary>
/// <c>call</c> of what stands under <c>use.functions</c>: the call's arguments, and then the function's task with these as its input. Read in the call's place, so that whatever
/// it calls is checked, covered and recorded there.
/// </summary>
internal static class FunctionReader
{
    public static TaskDefinition Read(TaskReader reader, Step step, string name)
    {
        if (step.Around.Functions.Contains(name))
        {
            reader.Log.Error("reference", step.Path + "/call", $"the function '{Quote.Short(name)}' calls itself ({string.Join(" → ", step.Around.Functions.Append(name).Select(Quote.Short))})");
            return new UnreadTask { Path = step.TaskPath };
        }
        if (reader.Reusables.Function(name) is not { } function) return new UnreadTask { Path = step.TaskPath }; // which has its own finding
        var source = JsonValue.Array(JsonValue.Object(("with", JsonValue.Object(("set", JsonValue.EmptyObject)))), JsonValue.Object((name, function)));
        var list = reader.List(source, step.Path + "/do", step.Around with { Variables = [], Functions = step.Around.Functions.Add(name) });
        if (list.Tasks is not [SetTask arguments, ..]) return new UnreadTask { Path = step.TaskPath }; // too many tasks
        var written = reader.Expressions.Template(step.Source["with"] ?? JsonValue.EmptyObject, step.Path + "/with", step.Around.Variables);
        return new DoTask { Path = step.TaskPath, Tasks = list with { Tasks = list.Tasks.SetItem(0, arguments with { Value = written }) } };
    }
}
