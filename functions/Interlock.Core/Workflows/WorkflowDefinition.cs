using System.Collections.Frozen;
using System.Collections.Immutable;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Workflows;

/// <summary>A workflow's name: namespace and name, each of at most 63 letters, digits and dashes.</summary>
public readonly record struct WorkflowName(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>Which rules apply: an enumerable path before the start, or a bounded planner.</summary>
public enum ExecutionMode
{
    Supervised,
    Autonomous,
}

/// <summary>A checked document: names resolved, expressions parsed, schemas compiled, inherited actions filled in. Immutable.</summary>
public sealed class WorkflowDefinition
{
    private readonly FrozenDictionary<TaskPath, TaskDefinition> _tasks;
    private readonly FrozenDictionary<TaskPath, TaskList> _lists;
    private readonly FrozenDictionary<TaskPath, ApprovalTask[]> _gates;

    public WorkflowDefinition(TaskList tasks)
    {
        Tasks = tasks;
        var all = new Dictionary<TaskPath, TaskDefinition>();
        var lists = new Dictionary<TaskPath, TaskList>();
        Index(tasks, all, lists);
        _tasks = all.ToFrozenDictionary();
        _lists = lists.ToFrozenDictionary();
        _gates = all.Values.OfType<ApprovalTask>()
            .SelectMany(gate => gate.Covers.Select(path => (Path: path, Gate: gate))).GroupBy(one => one.Path)
            .ToFrozenDictionary(group => group.Key, group => group.Select(one => one.Gate).OrderBy(gate => gate.Path.Value, StringComparer.Ordinal).ToArray());
    }

    public required WorkflowName Name { get; init; }
    public required string Version { get; init; }

    /// <summary>The canonical digest of the document: what a run is bound to.</summary>
    public required string Digest { get; init; }

    /// <summary>The document as JSON.</summary>
    public required JsonValue Document { get; init; }

    public ExecutionMode Mode { get; init; }

    /// <summary>How many runs of it may go on at once; null for any number.</summary>
    public ConcurrencyRule? Concurrency { get; init; }

    public Template? InputFrom { get; init; }
    public JsonSchema? InputSchema { get; init; }
    public Template? OutputAs { get; init; }
    public JsonSchema? OutputSchema { get; init; }
    public DurationTemplate? Timeout { get; init; }

    /// <summary>The events that start a run; null when only a caller does.</summary>
    public EventConsumption? On { get; init; }

    /// <summary>The times at which a run starts; null for none.</summary>
    public Timetable? Times { get; init; }

    /// <summary>The windows in which those times count; none for always.</summary>
    public ImmutableArray<TimeWindow> Windows { get; init; } = [];

    /// <summary>The top-level list, at <c>/do</c>.</summary>
    public TaskList Tasks { get; }

    /// <summary>Every task by its path.</summary>
    public IReadOnlyDictionary<TaskPath, TaskDefinition> AllTasks => _tasks;

    public TaskDefinition Task(TaskPath path) => _tasks[path];

    public TaskList List(TaskPath path) => _lists[path];

    /// <summary>Whether some gate covers the task: it then needs a grant whatever the policy says.</summary>
    public bool IsCovered(TaskPath path) => _gates.ContainsKey(path);

    /// <summary>The gates that cover the task.</summary>
    public IReadOnlyList<ApprovalTask> GatesOf(TaskPath path) => _gates.TryGetValue(path, out var gates) ? gates : [];

    private static void Index(TaskList list, Dictionary<TaskPath, TaskDefinition> tasks, Dictionary<TaskPath, TaskList> lists)
    {
        lists.Add(list.Path, list);
        foreach (var task in list.Tasks) Index(task, tasks, lists);
    }

    private static void Index(TaskDefinition task, Dictionary<TaskPath, TaskDefinition> tasks, Dictionary<TaskPath, TaskList> lists)
    {
        tasks.Add(task.Path, task);
        foreach (var list in TaskTree.Lists(task)) Index(list, tasks, lists);
        if (task is not ForkTask fork) return;
        foreach (var branch in fork.Branches) Index(branch, tasks, lists);
    }
}
