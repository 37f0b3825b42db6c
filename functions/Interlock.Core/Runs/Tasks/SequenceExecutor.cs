using System.Globalization;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Task lists: one task after the other, or where <c>then</c> says.</summary>
internal static class SequenceExecutor
{
    public static void ChildDone(Machine machine, Frame list, Frame child, JsonValue output, string? directive)
    {
        var tasks = machine.Definition.List(list.Path);
        var index = tasks.IndexOf(child.Path.Name);
        if (list.State is FrameState.Sequence { Escalations: { } escalations } state)
            list = machine.Update(list with { State = state with { Escalations = escalations.Remove(index) } });
        switch (directive)
        {
            case null or "continue": Goto(machine, list, index + 1, output); break;
            case "exit" or "end": machine.ListDone(list, output, directive); break;
            default: Goto(machine, list, tasks.IndexOf(directive), output); break;
        }
    }

    public static void Goto(Machine machine, Frame list, int index, JsonValue input)
    {
        var tasks = machine.Definition.List(list.Path);
        if (index < 0) throw new InvalidOperationException($"A 'then' in {list.Path} names no task; the document was not checked.");
        if (index >= tasks.Tasks.Length)
        {
            machine.ListDone(list, input, null);
            return;
        }
        var state = (FrameState.Sequence)list.State;
        var visits = state.Visits.TryGetValue(index, out var before) ? before + 1 : 1;
        list = machine.Update(list with { State = state with { Visits = state.Visits.SetItem(index, visits) } });
        machine.Enter(list, tasks.Tasks[index], ChildId(list.Id, index, tasks.Tasks[index].Name, visits), input);
    }

    /// <summary>The frame id of a list's task on its next visit.</summary>
    public static FrameId NextChildId(Frame list, int index, string name) =>
        ChildId(list.Id, index, name, ((FrameState.Sequence)list.State).Visits.GetValueOrDefault(index) + 1);

    /// <summary>The frame id of a list's task on its n-th visit.</summary>
    private static FrameId ChildId(FrameId list, int index, string name, int visit) =>
        list.Append(string.Create(CultureInfo.InvariantCulture, $"/{index}/{JsonPointer.Escape(name)}{(visit > 1 ? $"#{visit}" : "")}"));
}
