namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class AgentReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["with"]!; // required by the schema
        return new AgentTask
        {
            Path = step.TaskPath,
            Target = with["agent"]!.AsString(), // required by the schema
            Version = with["version"]?.AsString(),
            Arguments = reader.Expressions.Template(with["input"]!, step.Path + "/with/input", step.Around.Variables), // required by the schema
            OnInDoubt = CallParts.OnInDoubt(with),
            Computed = CallParts.Computed(step),
            Compensate = CallParts.Compensate(reader, step),
        };
    }
}
