namespace Interlock.Core.Workflows;

/// <summary>Walks tasks that hold tasks.</summary>
internal static class TaskTree
{
    /// <summary>The tasks directly in a task, in document order.</summary>
    public static IEnumerable<TaskDefinition> Children(TaskDefinition task) => task switch
    {
        DoTask block => block.Tasks.Tasks,
        ForTask loop => loop.Tasks.Tasks,
        ForkTask fork => fork.Branches,
        TryTask attempt => attempt.Catch.Tasks is { } handler ? attempt.Tasks.Tasks.Concat(handler.Tasks) : attempt.Tasks.Tasks,
        ListenTask { Each: { } each } => each.Tasks.Tasks,
        _ => [],
    };

    /// <summary>The task and everything in it.</summary>
    public static IEnumerable<TaskDefinition> WithDescendants(TaskDefinition task) => Children(task).SelectMany(WithDescendants).Prepend(task);

    /// <summary>Whether what is in the task runs any number of times.</summary>
    public static bool IsLoop(TaskDefinition task) => task is ForTask or ListenTask { Each: not null };

    /// <summary>The lists directly in a task; the branches of a fork are none.</summary>
    public static IEnumerable<TaskList> Lists(TaskDefinition task) => task switch
    {
        DoTask block => [block.Tasks],
        ForTask loop => [loop.Tasks],
        TryTask attempt => attempt.Catch.Tasks is { } handler ? [attempt.Tasks, handler] : [attempt.Tasks],
        ListenTask { Each: { } each } => [each.Tasks],
        _ => [],
    };
}
