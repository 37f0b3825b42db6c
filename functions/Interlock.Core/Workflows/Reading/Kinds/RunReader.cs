namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class RunReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        if (step.Source["run"]!["workflow"] is not { } workflow) return new UnreadTask { Path = step.TaskPath }; // a process, which has its own finding
        var at = step.Path + "/run/workflow";
        return new RunTask
        {
            Path = step.TaskPath,
            Workflow = new(workflow["namespace"]!.AsString(), workflow["name"]!.AsString()), // required by the schema
            Version = workflow["version"]?.AsString() is { } version && version != "latest" ? version : null,
            Argument = CallParts.Arguments(reader, step, workflow["input"], at + "/input"),
            IsAwaited = step.Source["run"]!["await"]?.AsBoolean() ?? true,
        };
    }
}
