namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class WaitReader
{
    public static TaskDefinition Read(TaskReader reader, Step step) =>
        reader.Duration(step.Source["wait"], step.Path + "/wait", step.Around, positive: false) is { } duration
            ? new WaitTask { Path = step.TaskPath, Duration = duration }
            : new UnreadTask { Path = step.TaskPath };
}
