using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class SwitchReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var source = step.Source["switch"]!; // the task's kind says it is there
        var cases = ImmutableArray.CreateBuilder<SwitchCase>(source.Count);
        string? defaultCase = null;
        for (var i = 0; i < source.Count; i++)
        {
            var (name, written) = source.Items[i].Members[0];
            var at = JsonPointer.Append(JsonPointer.Append(step.Path + "/switch", i), name);
            var when = reader.Expressions.Bare(written["when"], at + "/when", step.Around.Variables);
            if (written["when"] is null)
            {
                if (defaultCase is not null) reader.Log.Error("switch-default", at, $"'{Quote.Short(name)}' is a second default beside '{Quote.Short(defaultCase)}'; give one of them a 'when'");
                defaultCase ??= name;
            }
            cases.Add(new SwitchCase(name, when, written["then"]!.AsString())); // required by the schema
        }
        if (defaultCase is null && step.Source["then"] is null)
            reader.Log.Warn("switch-default", step.Path + "/switch", "where no case matches, the run fails: write a default, a case without 'when', or say with 'then' where the switch leads");
        return new SwitchTask { Path = step.TaskPath, Cases = cases.MoveToImmutable() };
    }
}
