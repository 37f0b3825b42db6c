using System.Collections.Immutable;

namespace Interlock.Core.Workflows.Checks;

/// <summary>The keys of <c>$context</c> that tasks may change; <see cref="Everything"/> when that can't be told.</summary>
internal sealed record ContextExports(bool Everything, ImmutableHashSet<string> Keys)
{
    public static ContextExports None { get; } = new(false, []);

    public static ContextExports All { get; } = new(true, []);

    /// <summary>All that the task and those in it export.</summary>
    public static ContextExports Of(TaskDefinition task) =>
        TaskTree.WithDescendants(task).SelectMany(Exports).Select(OfExport).Aggregate(None, (sum, one) => sum.And(one));

    public bool Any => Everything || Keys.Count > 0;

    private ContextExports And(ContextExports other) => new(Everything || other.Everything, Keys.Union(other.Keys));

    /// <summary>Whether a read of the context (the whole when <paramref name="key"/> is null) may see a change.</summary>
    public bool Touches(string? key) => Everything || (key is null ? Keys.Count > 0 : Keys.Contains(key));

    private static IEnumerable<Template?> Exports(TaskDefinition task) => task is ListenTask { Each: { } each } ? [task.ExportAs, each.ExportAs] : [task.ExportAs];

    /// <summary>An export replaces the context, so that only <c>$context + { … }</c> says which keys it changes.</summary>
    private static ContextExports OfExport(Template? export) => export switch
    {
        null => None,
        Template.Computed computed when ContextAddition.Keys(computed.Expression.Source) is { } keys => new(false, [.. keys]),
        _ => All,
    };
}
