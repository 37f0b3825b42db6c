using System.Globalization;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>
/// Listening: each event that fits is taken once, and with <c>foreach</c> gone through in the order of arrival. Events that <c>until</c> asks for end the
/// listening and are no part of the output. The condition of <c>until</c> sees the output as it stands after an event, gone through if there is a <c>foreach</c>.
/// </summary>
internal static class ListenExecutor
{
    public static void Enter(Machine machine, Frame frame, ListenTask task)
    {
        machine.Update(frame with { State = new FrameState.Listen([], [], []) });
        var filters = task.To.Filters.ToArray();
        var isOfAny = task.To is EventConsumption.Any { Of.IsEmpty: true } or EventConsumption.Any { UntilEvents: EventConsumption.Any { Of.IsEmpty: true } };
        machine.Issue(new Command.AwaitEvent(Effect(machine, frame), frame.Id, task.Path,
            isOfAny || filters.Any(filter => filter.Type is null) ? [] : [.. filters.Select(filter => filter.Type!).Distinct()], // just tested
            machine.Now));
    }

    public static void Arrived(Machine machine, Frame frame, ListenTask task, JsonValue happened)
    {
        if (frame.State is not FrameState.Listen { IsOver: false } state) return;
        var key = EffectIds.OfEvent(happened);
        if (state.Seen.Contains(key)) return;
        var taking = new EventTaking(machine, frame, happened, state);
        var isLast = task.To is EventConsumption.Any { UntilEvents: { } until } any && taking.By(until, any.Of.Length);
        if (!isLast && !taking.By(task.To, 0)) return;
        state = taking.State with { Seen = state.Seen.Add(key) };
        if (!isLast) state = state with { Waiting = state.Waiting.Add(Read(task, happened)) };
        if (state.Seen.Count > RunLimits.ConsumedEvents || state.Output.Concat(state.Waiting).Sum(value => value.Size) > RunLimits.ValueSize)
        {
            machine.Fail(frame.Id, Problems.Runtime($"The task '{task.Name}' took more than {RunLimits.ConsumedEvents:N0} events, or more of them than fit a run; let it end sooner (until), and start again.", frame.Id));
            return;
        }
        if (state.IsOver) machine.Retract(Effect(machine, frame));
        frame = machine.Update(frame with { State = state });
        if (task.Each is null) Keep(machine, frame, task, state);
        else if (state.Waiting.Count == (isLast ? 0 : 1)) Iterate(machine, frame, task, state);
    }

    public static void IterationDone(Machine machine, Frame frame, ListenTask task, JsonValue output, string? directive)
    {
        var each = task.Each!; // it has ended an iteration
        var state = (FrameState.Listen)frame.State;
        output = machine.Shape(frame, output, new(each.OutputAs, each.OutputSchema, each.ExportAs, each.ExportSchema), Locals(each, state));
        frame = machine.Find(frame.Id) ?? frame;
        state = state with { Output = state.Output.Add(output), Waiting = state.Waiting.RemoveAt(0) };
        frame = machine.Update(frame with { State = state });
        if (directive is not null || IsEnough(machine, frame, task, state)) Finish(machine, frame, state, directive);
        else Iterate(machine, frame, task, state);
    }

    /// <summary>Without <c>foreach</c> an event is output as it came.</summary>
    private static void Keep(Machine machine, Frame frame, ListenTask task, FrameState.Listen state)
    {
        var kept = state with { Output = state.Output.AddRange(state.Waiting), Waiting = [] };
        frame = machine.Update(frame with { State = kept });
        if (kept.IsOver || (!state.Waiting.IsEmpty && IsEnough(machine, frame, task, kept))) Finish(machine, frame, kept, null);
    }

    private static void Iterate(Machine machine, Frame frame, ListenTask task, FrameState.Listen state)
    {
        if (state.Waiting is [var item, ..])
            machine.EnterList(frame, task.Each!.Tasks, string.Create(CultureInfo.InvariantCulture, $"/foreach/do@{state.Output.Count + 1}"), item, Locals(task.Each, state)); // only such a task iterates
        else if (state.IsOver) Finish(machine, frame, state, null);
    }

    private static bool IsEnough(Machine machine, Frame frame, ListenTask task, FrameState.Listen state) =>
        task.To is EventConsumption.Any { Until: { } until } && until.EvaluateCondition(JsonValue.Array(state.Output), machine.Scope(frame));

    private static void Finish(Machine machine, Frame frame, FrameState.Listen state, string? directive)
    {
        machine.Retract(Effect(machine, frame));
        machine.Complete(frame, JsonValue.Array(state.Output), Executors.EndOnly(directive));
    }

    private static JsonValue Locals(ListenIteration each, FrameState.Listen state) => JsonValue.Object((each.Item, state.Waiting[0]), (each.At, state.Output.Count));

    private static JsonValue Read(ListenTask task, JsonValue happened) =>
        task.Read == EventReading.Envelope ? happened : happened["data"] ?? happened["data_base64"] ?? JsonValue.Null;

    private static EffectId Effect(Machine machine, Frame frame) => machine.NewEffect(frame.Id, "listen");
}
