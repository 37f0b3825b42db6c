namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class EmitReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["emit"]!["event"]!["with"]!; // its kind and the schema say they are there
        return new EmitTask { Path = step.TaskPath, Event = reader.Expressions.Template(with, step.Path + "/emit/event/with", step.Around.Variables) };
    }
}
