using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class ToolReader
{
    private static readonly string[] Kinds = ["tool", "capability", "route"];

    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["with"]!; // required by the schema
        var at = step.Path + "/with";
        return new ToolTask
        {
            Path = step.TaskPath,
            Target = Target(reader, with, at),
            Version = with["version"]?.AsString(),
            Arguments = CallParts.Arguments(reader, step, with["arguments"], at + "/arguments"),
            IdempotencyKey = with["idempotencyKey"] is { } key ? reader.Expressions.Template(key, at + "/idempotencyKey", step.Around.Variables) : null,
            OnInDoubt = CallParts.OnInDoubt(with),
            Computed = CallParts.Computed(step),
            Compensate = CallParts.Compensate(reader, step),
        };
    }

    /// <summary>A tool, or what leads to one. What leads there says which versions.</summary>
    private static string Target(TaskReader reader, JsonValue with, string at)
    {
        var named = Kinds.Where(kind => with[kind] is not null).ToArray();
        foreach (var other in named.Skip(1)) reader.Log.Error("schema", $"{at}/{other}", $"the call names a {named[0]} already; one of tool, capability and route");
        var (kind, name) = (named[0], with[named[0]]!.AsString()); // the schema asks for one
        if (kind == "tool") return name;
        if (with["version"] is not null) reader.Log.Error("schema", $"{at}/version", $"a {kind} has no versions; leave it out");
        return $"{kind}:{name}";
    }
}
