namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class ToolReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["with"]!; // required by the schema
        var at = step.Path + "/with";
        foreach (var reserved in new[] { "lock", "capability" })
        {
            if (with[reserved] is not null) reader.Log.Error("unsupported", $"{at}/{reserved}", $"'{reserved}' is reserved and not run yet");
        }
        return new ToolTask
        {
            Path = step.TaskPath,
            Target = with["tool"]!.AsString(), // required by the schema
            Version = with["version"]?.AsString(),
            Arguments = CallParts.Arguments(reader, step, with["arguments"], at + "/arguments"),
            IdempotencyKey = with["idempotencyKey"] is { } key ? reader.Expressions.Template(key, at + "/idempotencyKey", step.Around.Variables) : null,
            OnInDoubt = CallParts.OnInDoubt(with),
            Computed = CallParts.Computed(step),
            Compensate = CallParts.Compensate(reader, step),
        };
    }
}
