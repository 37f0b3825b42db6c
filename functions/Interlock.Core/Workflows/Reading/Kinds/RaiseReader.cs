namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class RaiseReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var error = step.Source["raise"]!["error"]!; // the task's kind and the schema say they are there
        return reader.Reusables.Resolve("errors", error, step.Path + "/raise/error") is var (found, at)
            ? new RaiseTask { Path = step.TaskPath, Error = reader.Expressions.Template(found, at, step.Around.Variables) }
            : new UnreadTask { Path = step.TaskPath };
    }
}
