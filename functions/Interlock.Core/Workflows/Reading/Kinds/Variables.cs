namespace Interlock.Core.Workflows.Reading.Kinds;

/// <summary>The names a loop or a handler gives to expressions inside it.</summary>
internal static class Variables
{
    public static void Check(TaskReader reader, Step step, string where, string name)
    {
        if (Expression.RuntimeArguments.Contains(name) || name is "secrets" or "ENV" or "__loc__" or "__prog_args")
            reader.Log.Error("reference", step.Path + where, $"${name} is already what every expression may read; choose another name");
    }
}
