using System.Collections.Immutable;
using System.Globalization;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>
/// Concurrent branches, each from a copy of <c>$context</c>. At the join exports merge in branch order and a conflicting key is an error;
/// of competing branches the first one's output and exports count and the others are interrupted.
/// </summary>
internal static class ForkExecutor
{
    public static void Enter(Machine machine, Frame frame, ForkTask task)
    {
        frame = machine.Update(frame with { State = new FrameState.Fork(ImmutableSortedDictionary<int, BranchResult>.Empty) });
        var context = machine.ContextOf(frame);
        for (var i = 0; i < task.Branches.Length; i++)
            machine.Enter(frame, task.Branches[i], BranchId(frame.Id, i, task.Branches[i].Name), frame.Input, context);
    }

    public static FrameId BranchId(FrameId fork, int index, string name) =>
        fork.Append(string.Create(CultureInfo.InvariantCulture, $"/fork/branches/{index}/{JsonPointer.Escape(name)}"));

    public static void BranchDone(Machine machine, Frame frame, ForkTask task, Frame branch, JsonValue output, string? directive)
    {
        if (task.Compete || directive == "end")
        {
            machine.Interrupt(frame.Id);
            machine.SetContext(frame, branch.Context ?? JsonValue.EmptyObject);
            machine.Complete(machine.Find(frame.Id) ?? frame, output, Executors.EndOnly(directive));
            return;
        }
        var state = (FrameState.Fork)frame.State;
        var index = Index(task, branch);
        var results = state.Results.SetItem(index, new BranchResult(output, branch.Context ?? JsonValue.EmptyObject));
        frame = machine.Update(frame with { State = new FrameState.Fork(results) });
        if (results.Count < task.Branches.Length) return;
        machine.SetContext(frame, Merge(machine.ContextOf(frame), task, results));
        machine.Complete(machine.Find(frame.Id) ?? frame, JsonValue.Array(results.Values.Select(result => result.Output)));
    }

    private static int Index(ForkTask task, Frame branch)
    {
        for (var i = 0; i < task.Branches.Length; i++)
            if (task.Branches[i].Path == branch.Path) return i;
        throw new InvalidOperationException($"{branch.Path} is no branch of {task.Path}.");
    }

    private static JsonValue Merge(JsonValue before, ForkTask task, ImmutableSortedDictionary<int, BranchResult> results)
    {
        var merged = before;
        var writers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (index, result) in results)
        {
            if (result.Context == before) continue;
            if (!result.Context.IsObject || !before.IsObject) throw new FormatException($"The branch '{task.Branches[index].Name}' exported a context that is no object; it cannot be merged.");
            foreach (var (name, value) in result.Context.Members)
            {
                if (before[name] is { } old && old == value) continue;
                if (writers.TryGetValue(name, out var other) && merged[name] != value)
                    throw new FormatException($"The branches '{other}' and '{task.Branches[index].Name}' export different values for '{name}'.");
                writers[name] = task.Branches[index].Name;
                merged = merged.With(name, value);
            }
        }
        return merged;
    }
}
