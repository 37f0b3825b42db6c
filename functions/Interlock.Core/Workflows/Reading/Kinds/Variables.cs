namespace Interlock.Core.Workflows.Reading.Kinds;

/// <summary>The names a loop or a handler gives to expressions inside it.</summary>
internal static class Variables
{
    /// <summary>The two names that a loop gives: to the item, under <paramref name="member"/>, and to its place.</summary>
    public static void CheckLoop(TaskReader reader, Step step, string where, string member, string each, string at)
    {
        Check(reader, step, $"{where}/{member}", each);
        Check(reader, step, where + "/at", at);
        if (each == at) reader.Log.Error("reference", step.Path + where, $"{member} and at both name the variable '{each}'");
    }

    public static void Check(TaskReader reader, Step step, string where, string name)
    {
        if (Expression.RuntimeArguments.Contains(name) || name is "secrets" or "authorization" or "ENV" or "__loc__" or "__prog_args")
            reader.Log.Error("reference", step.Path + where, $"${name} is already what every expression may read; choose another name");
    }
}
