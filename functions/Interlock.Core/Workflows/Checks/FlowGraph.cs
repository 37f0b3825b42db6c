using System.Collections;

namespace Interlock.Core.Workflows.Checks;

/// <summary>Where the tasks of one list may lead: by order, <c>then</c>, <c>if</c>, the cases of a switch and gates sent back. An upper bound of every run.</summary>
internal sealed class FlowGraph
{
    private readonly int[][] _next;
    private readonly List<int>[] _previous;

    public FlowGraph(TaskList list)
    {
        _next = new int[list.Tasks.Length][];
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < list.Tasks.Length; i++) places.TryAdd(list.Tasks[i].Name, i);
        for (var i = 0; i < _next.Length; i++) _next[i] = [.. Next(list.Tasks[i], i, places).Where(n => n < _next.Length).Distinct()];
        _previous = new List<int>[_next.Length];
        for (var i = 0; i < _next.Length; i++) _previous[i] = [];
        for (var i = 0; i < _next.Length; i++)
            foreach (var next in _next[i]) _previous[next].Add(i);
    }

    public IReadOnlyList<int> Next(int task) => _next[task];

    /// <summary>The tasks that may run from the start on (included), never passing <paramref name="avoid"/>.</summary>
    public BitArray ReachableFrom(int start, int avoid = -1) => Spread([start], _next, avoid);

    /// <summary>
    /// What may have run once <paramref name="task"/> starts, beginning with <paramref name="starts"/> and never passing
    /// <paramref name="avoid"/>; the task itself only when it may run twice.
    /// </summary>
    public IEnumerable<int> Before(int task, IEnumerable<int> starts, int avoid = -1)
    {
        var both = Spread(starts, _next, avoid).And(Spread(_previous[task], _previous, avoid));
        for (var i = 0; i < both.Length; i++)
            if (both[i]) yield return i;
    }

    private static BitArray Spread(IEnumerable<int> starts, IReadOnlyList<IReadOnlyList<int>> edges, int avoid)
    {
        var reached = new BitArray(edges.Count);
        var open = new Stack<int>();
        void Visit(int place)
        {
            if (place == avoid || place >= edges.Count || reached[place]) return;
            reached[place] = true;
            open.Push(place);
        }
        foreach (var start in starts) Visit(start);
        while (open.TryPop(out var at))
            foreach (var next in edges[at]) Visit(next);
        return reached;
    }

    private static IEnumerable<int> Next(TaskDefinition task, int at, Dictionary<string, int> places)
    {
        if (task is SwitchTask choice)
        {
            foreach (var one in choice.Cases)
                if (Target(one.Then, at, places) is { } target) yield return target;
            if (task.Then is not null && choice.Cases.All(one => one.When is not null) && Target(task.Then, at, places) is { } otherwise) yield return otherwise;
            if (task.If is not null || task.OnError is StepAction.Skip or StepAction.Escalate) yield return at + 1;
        }
        else if (task is not RaiseTask)
        {
            if (Target(task.Then, at, places) is { } target) yield return target;
        }
        if (Returned(task, at, places) is { } returned) yield return returned;
        if (task.If is not null) yield return at + 1;
    }

    /// <summary>Where a gate leads that is sent back for information.</summary>
    private static int? Returned(TaskDefinition task, int at, Dictionary<string, int> places) =>
        task is ApprovalTask { Information: { } information } ? Target(information.Then, at, places) : null;

    /// <summary>Nothing for the end; for an unknown name (which has its own finding) the next task.</summary>
    private static int? Target(string? then, int at, Dictionary<string, int> places) => then switch
    {
        null or "continue" => at + 1,
        "exit" or "end" => null,
        _ => places.GetValueOrDefault(then, at + 1),
    };
}
