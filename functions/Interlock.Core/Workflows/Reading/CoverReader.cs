using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>
/// Resolves what a gate covers: calls after it in its own list, or nested there; a container stands for all calls in it. Nothing inside
/// a loop: the gate opens once, the loop calls many times.
/// </summary>
internal static class CoverReader
{
    public static ApprovalTask Resolve(ApprovalTask gate, ReadOnlySpan<TaskDefinition> after, FindingLog log)
    {
        if (gate.Source["with"]?["covers"] is not { IsArray: true } names) return gate;
        var candidates = new Dictionary<string, List<(TaskDefinition Task, string? Loop)>>(StringComparer.Ordinal);
        foreach (var task in after) Collect(task, null, candidates);
        var covered = new List<TaskPath>();
        for (var i = 0; i < names.Count; i++)
        {
            var pointer = JsonPointer.Append(gate.Path.Value + "/with/covers", i);
            var name = names.Items[i].AsString();
            if (!candidates.TryGetValue(name, out var found))
                log.Error("covers", pointer, $"no task named '{Quote.Short(name)}' comes after the gate '{gate.Name}' in its list or nested there");
            else if (found.Count > 1)
                log.Error("covers", pointer, $"'{Quote.Short(name)}' names {found.Count} tasks after the gate ({string.Join(", ", found.Take(5).Select(f => f.Task.Path))}); rename all but one");
            else if (Reason(found[0].Task, found[0].Loop) is { } reason)
                log.Error("covers", pointer, reason);
            else
                covered.AddRange(Calls(found[0].Task).Select(call => call.Path).Where(path => !covered.Contains(path)));
        }
        return gate with { Covers = [.. covered] };
    }

    private static string? Reason(TaskDefinition task, string? loop)
    {
        if (loop is not null || Loop(task) is not null)
            return $"'{task.Name}' runs inside the loop '{loop ?? Loop(task)}' that the gate stands outside of; put the gate into the loop, so that each call is approved";
        if (Planned(task) is { } planned)
            return $"the planner of '{planned}' chooses its calls while it runs, so nobody can see them at a gate before it; guarded ones are asked about inside it, one by one (with: {{ approval: … }} says whom)";
        if (task is UnreadTask || Calls(task).Any()) return null; // an unread task has its own finding
        return task is DoTask or ForkTask or TryTask
            ? $"'{task.Name}' holds no call of a tool or agent, so there is nothing to cover"
            : $"'{task.Name}' is no call of a tool or agent, so there is nothing to cover";
    }

    private static void Collect(TaskDefinition task, string? loop, Dictionary<string, List<(TaskDefinition, string?)>> into)
    {
        if (!into.TryGetValue(task.Name, out var same)) into.Add(task.Name, same = []);
        same.Add((task, loop));
        var inside = TaskTree.IsLoop(task) ? task.Name : loop;
        foreach (var child in TaskTree.Children(task)) Collect(child, inside, into);
    }

    private static string? Loop(TaskDefinition task) =>
        TaskTree.IsLoop(task) ? task.Name : TaskTree.Children(task).Select(Loop).FirstOrDefault(name => name is not null);

    private static string? Planned(TaskDefinition task) =>
        task is AutonomousTask ? task.Name : TaskTree.Children(task).Select(Planned).FirstOrDefault(name => name is not null);

    private static IEnumerable<EffectTask> Calls(TaskDefinition task) =>
        task is EffectTask call ? [call] : TaskTree.Children(task).SelectMany(Calls);
}
