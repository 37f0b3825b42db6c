namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class ForkReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var fork = step.Source["fork"]!; // the task's kind says it is there
        return new ForkTask
        {
            Path = step.TaskPath,
            Compete = fork["compete"]?.AsBoolean() ?? false,
            Branches = reader.Branches(fork["branches"]!, step.Path + "/fork/branches", step.Around), // required by the schema
        };
    }
}
