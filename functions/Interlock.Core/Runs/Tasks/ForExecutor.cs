using System.Globalization;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Loops: each iteration's input is the output of the one before; <c>exit</c> inside ends the loop.</summary>
internal static class ForExecutor
{
    public static void Enter(Machine machine, Frame frame, ForTask task)
    {
        var items = task.In.Evaluate(frame.Input, machine.Scope(frame));
        if (!items.IsArray) throw new FormatException($"'in' of the loop '{task.Name}' must give an array.");
        Iterate(machine, machine.Update(frame with { State = new FrameState.Loop(items, 0) }), task, frame.Input);
    }

    public static void IterationDone(Machine machine, Frame frame, ForTask task, JsonValue output, string? directive)
    {
        var loop = (FrameState.Loop)frame.State;
        if (directive is not null) machine.Complete(frame, output, Executors.EndOnly(directive));
        else Iterate(machine, machine.Update(frame with { State = loop with { Index = loop.Index + 1 } }), task, output);
    }

    private static void Iterate(Machine machine, Frame frame, ForTask task, JsonValue input)
    {
        var loop = (FrameState.Loop)frame.State;
        if (loop.Items[loop.Index] is not { } item)
        {
            machine.Complete(frame, input);
            return;
        }
        var locals = JsonValue.Object((task.Each, item), (task.At, loop.Index));
        if (task.While is { } condition && !condition.EvaluateCondition(input, machine.Scope(frame, extra: locals)))
        {
            machine.Complete(frame, input);
            return;
        }
        machine.EnterList(frame, task.Tasks, string.Create(CultureInfo.InvariantCulture, $"/do@{loop.Index + 1}"), input, locals);
    }
}
