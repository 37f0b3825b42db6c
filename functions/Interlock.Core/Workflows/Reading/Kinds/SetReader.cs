namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class SetReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var value = step.Source["set"]!; // the task's kind says it is there
        if (value.IsString && !reader.Expressions.IsLoose && !ExpressionReader.IsExpression(value))
            reader.Log.Error("expression", step.Path + "/set", "set takes an object or one expression, written ${ … }");
        return new SetTask { Path = step.TaskPath, Value = reader.Expressions.Template(value, step.Path + "/set", step.Around.Variables) };
    }
}
