using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Whether one event is what a listening task waits for, and what that changes for those to come.</summary>
internal sealed class EventTaking(Machine machine, Frame frame, JsonValue happened, FrameState.Listen state)
{
    private readonly FrameScope _scope = machine.Scope(frame);

    public FrameState.Listen State { get; private set; } = state;

    /// <summary>Takes the event if it fits; the first of the filters has that number.</summary>
    public bool By(EventConsumption to, int first) => to switch
    {
        EventConsumption.One one => Fits(one.Filter) && Over(),
        EventConsumption.All all => Fill([.. all.Of], first),
        EventConsumption.Any any => (any.Of.IsEmpty || any.Of.Any(Fits)) && (any is { Until: not null } or { UntilEvents: not null } || Over()),
        _ => throw new InvalidOperationException($"Unexpected {to.GetType().Name}."),
    };

    private bool Fill(EventFilter[] of, int first)
    {
        for (var i = 0; i < of.Length; i++)
        {
            if (State.Filled.Contains(first + i) || !Fits(of[i])) continue;
            State = State with { Filled = State.Filled.Add(first + i) };
            if (Enumerable.Range(first, of.Length).All(State.Filled.Contains)) Over();
            return true;
        }
        return false;
    }

    private bool Over()
    {
        State = State with { IsOver = true };
        return true;
    }

    /// <summary>Type, attributes and every correlation; an event without the value that is to correlate does not.</summary>
    private bool Fits(EventFilter filter)
    {
        if (Read(filter) is not { } values) return false;
        var correlated = State.Correlated;
        foreach (var ((name, _, expect), value) in filter.Correlate.Zip(values))
        {
            var wanted = expect?.Evaluate(frame.Input, _scope) ?? correlated[name];
            if (wanted is not null && wanted != value) return false;
            if (expect is null) correlated = correlated.With(name, value);
        }
        State = State with { Correlated = correlated };
        return true;
    }

    /// <summary>
    /// What the event gives to correlate by, or null where it does not fit. What the filter's expressions fail on does not either: one odd event would otherwise end every run that waits for
    /// others of its type.
    /// </summary>
    private List<JsonValue>? Read(EventFilter filter)
    {
        try
        {
            if (!filter.Fits(happened, _scope)) return null;
            List<JsonValue> values = [.. filter.Correlate.Select(one => one.From.Evaluate(happened, _scope))];
            return values.Exists(value => value.Kind == JsonKind.Null) ? null : values;
        }
        catch (ExpressionException)
        {
            return null;
        }
    }
}
