using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Core.Workflows.Checks;

/// <summary>Where <c>then</c> leads, and which tasks nothing leads to.</summary>
internal static class FlowCheck
{
    public static void Run(WorkflowDefinition definition, FindingLog log) => List(definition.Tasks, log);

    private static void List(TaskList list, FindingLog log)
    {
        var names = list.Tasks.Select(task => task.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var task in list.Tasks) Task(task, names, log);
        var reached = new FlowGraph(list).ReachableFrom(0);
        for (var i = 0; i < list.Tasks.Length; i++)
        {
            if (!reached[i]) log.Warn("unreachable", list.Tasks[i].Path.Value, $"no path leads to '{list.Tasks[i].Name}'");
        }
    }

    private static void Task(TaskDefinition task, HashSet<string> names, FindingLog log)
    {
        Target(task.Then, task.Path.Value + "/then", names, log);
        if (task is SwitchTask choice)
        {
            for (var i = 0; i < choice.Cases.Length; i++)
            {
                var at = JsonPointer.Append(JsonPointer.Append(task.Path.Value + "/switch", i), choice.Cases[i].Name);
                Target(choice.Cases[i].Then, at + "/then", names, log);
            }
        }
        if (task is ApprovalTask { Information: { } information })
        {
            var at = task.Path.Value + "/with/information/then";
            if (information.Then is "continue" or "exit" or "end") log.Error("then-target", at, "the run goes on with a task that reads what was filled in; write its name");
            else Target(information.Then, at, names, log);
        }
        if (task is ForkTask fork)
        {
            foreach (var branch in fork.Branches) Task(branch, [], log);
        }
        foreach (var list in TaskTree.Lists(task)) List(list, log);
    }

    private static void Target(string? then, string pointer, HashSet<string> names, FindingLog log)
    {
        if (then is null or "continue" or "exit" or "end" || names.Contains(then)) return;
        log.Error("then-target", pointer, names.Count == 0
            ? $"'{Quote.Short(then)}' leads nowhere: a branch of a fork is one task; use continue, exit or end"
            : $"no task named '{Quote.Short(then)}' in this list; 'then' takes continue, exit, end or one of: {string.Join(", ", names.Take(12))}");
    }
}
