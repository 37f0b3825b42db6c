namespace Interlock.Core.Workflows.Reading;

/// <summary>Which runtime arguments an expression may read, by where it stands: the table of the DSL. There is no <c>$secrets</c> and no <c>$authorization</c> anywhere.</summary>
internal static class ArgumentsAt
{
    /// <summary>The workflow's <c>input.from</c>: nothing has begun.</summary>
    public static IReadOnlyList<string> WorkflowInput { get; } = ["workflow", "runtime"];

    /// <summary>The workflow's timeout: its input is there, no task is.</summary>
    public static IReadOnlyList<string> Workflow { get; } = ["context", "input", "workflow", "runtime"];

    /// <summary>The workflow's <c>output.as</c>: no task is left.</summary>
    public static IReadOnlyList<string> WorkflowOutput { get; } = ["context", "workflow", "runtime"];

    /// <summary>A task's <c>if</c> and <c>input.from</c>: its input is not made yet.</summary>
    public static IReadOnlyList<string> TaskInput { get; } = ["context", "task", "workflow", "runtime"];

    /// <summary>A task's definition and <c>output.as</c>: its output is not made yet.</summary>
    public static IReadOnlyList<string> Task { get; } = ["context", "input", "task", "workflow", "runtime"];

    /// <summary><c>export.as</c>, and what undoes a call.</summary>
    public static IReadOnlyList<string> Export => Expression.RuntimeArguments;

    /// <summary>The filters of a schedule see the event and nothing else.</summary>
    public static IReadOnlyList<string> Nothing { get; } = [];
}
