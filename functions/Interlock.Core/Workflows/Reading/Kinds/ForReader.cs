namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class ForReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var loop = step.Source["for"]!; // the task's kind says it is there
        var each = loop["each"]?.AsString() ?? "item";
        var at = loop["at"]?.AsString() ?? "index";
        Variables.CheckLoop(reader, step, "/for", "each", each, at);
        var inside = step.Around.With(each, at);
        var tasks = reader.List(step.Source["do"]!, step.Path + "/do", inside); // required by the schema
        var over = reader.Expressions.Bare(loop["in"], step.Path + "/for/in", step.Around.Variables);
        var condition = reader.Expressions.Bare(step.Source["while"], step.Path + "/while", inside.Variables);
        return over is null
            ? new DoTask { Path = step.TaskPath, Tasks = tasks }
            : new ForTask { Path = step.TaskPath, Each = each, At = at, In = over, While = condition, Tasks = tasks };
    }
}
