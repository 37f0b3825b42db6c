using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Interlock.Core.Runs.Tasks;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>
/// What a person's edit makes of the calls that a gate covers. An edited argument that the document takes straight from <c>$context.a.b</c> or
/// <c>$workflow.input.a.b</c> changes that value for the whole gate, and what depends on it in other calls is computed anew; any other edit changes
/// its own call only. An edited call keeps exactly what was typed. The run itself is not changed: calls are made with the arguments approved.
/// </summary>
public static partial class CoverEdits
{
    /// <param name="definition">The run's document.</param>
    /// <param name="state">The run, in which the gate is open.</param>
    /// <param name="gate">The gate.</param>
    /// <param name="current">The calls as the gate shows them now, earlier edits included.</param>
    /// <param name="edits">The known arguments of some of them as they should be.</param>
    public static CoverEditResult Recompute(
        WorkflowDefinition definition, RunState state, GateId gate, ImmutableArray<CoveredCall> current, ImmutableArray<EditedCall> edits)
    {
        if (state.Frames.Values.FirstOrDefault(one => one.State is FrameState.Gate open && open.Request.Id == gate) is not { State: FrameState.Gate asked } frame)
            return Refuse("The run does not wait for this gate any more.", FrameId.Root);
        if (edits.GroupBy(edit => edit.Frame).FirstOrDefault(group => group.Count() > 1) is { } twice) return Refuse("A call is edited twice.", twice.Key);
        if (edits.FirstOrDefault(edit => current.All(call => call.Frame != edit.Frame)) is { } stray) return Refuse("The gate covers no such call.", stray.Frame);
        if (asked.Request.IsExact) return new CoverEditResult.Changed(Typed(current, edits));
        var machine = new Machine(definition, state, ImmutableSortedDictionary<EffectId, Command>.Empty);
        try
        {
            return Recompute(machine, frame, current, edits);
        }
        catch (ExpressionException e)
        {
            return new CoverEditResult.Refused(Problems.Expression(e, frame.Id).Bounded());
        }
    }

    private static CoverEditResult Recompute(Machine machine, Frame gate, ImmutableArray<CoveredCall> current, ImmutableArray<EditedCall> edits)
    {
        var origin = new FrameSources(machine.ContextOf(gate), machine.Input);
        var earlier = new SortedDictionary<string, JsonValue>(StringComparer.Ordinal);
        foreach (var call in current)
        {
            var task = Task(machine, call);
            foreach (var (place, value) in Sources(task.Arguments, GateCovers.Known(machine, gate, call.Frame, task, origin), call.Arguments)) earlier[place] = value;
        }
        var given = new SortedDictionary<string, JsonValue>(StringComparer.Ordinal);
        foreach (var edit in edits)
        {
            var call = current.First(one => one.Frame == edit.Frame);
            var task = Task(machine, call);
            if (task.Computed.FirstOrDefault(pointer => pointer.Length == 0 || JsonPointer.Resolve(edit.Arguments, pointer) is not null) is { } computed)
                return Refuse($"The argument '{computed}' is computed when the call is made; it can't be edited.", edit.Frame);
            foreach (var (place, value) in Sources(task.Arguments, call.Arguments, edit.Arguments))
            {
                if (given.TryGetValue(place, out var other) && other != value) return Refuse(Contradiction(place), edit.Frame);
                given[place] = value;
            }
        }
        var before = Overlay(origin, earlier);
        var after = Overlay(before, given);
        if (given.FirstOrDefault(one => Resolve(after, one.Key) != one.Value).Key is { } contradicted) return Refuse(Contradiction(contradicted), edits[0].Frame);
        var recomputed = current.Select(call =>
        {
            var task = Task(machine, call);
            var (was, now) = (GateCovers.Known(machine, gate, call.Frame, task, before), GateCovers.Known(machine, gate, call.Frame, task, after));
            return call with { Arguments = Merge(task.Arguments, call.Arguments, was, now) };
        });
        return new CoverEditResult.Changed(Typed([.. recomputed], edits));
    }

    private static ImmutableArray<CoveredCall> Typed(ImmutableArray<CoveredCall> calls, ImmutableArray<EditedCall> edits) =>
        [.. calls.Select(call => edits.FirstOrDefault(edit => edit.Frame == call.Frame) is { } edit ? call with { Arguments = edit.Arguments } : call)];

    /// <summary>The places of context and input that changed arguments come straight from, with what the arguments are now.</summary>
    private static IEnumerable<(string Place, JsonValue Value)> Sources(Template template, JsonValue from, JsonValue to)
    {
        if (from == to) return [];
        return template switch
        {
            Template.Computed computed when PlainPath().IsMatch(computed.Expression.Source) => [(Place(computed.Expression.Source), to)],
            Template.Map map when from.IsObject && to.IsObject => map.Members
                .Where(member => from[member.Key] is not null && to[member.Key] is not null)
                .SelectMany(member => Sources(member.Value, from[member.Key]!, to[member.Key]!)), // just tested
            Template.List list when from.IsArray && to.IsArray && from.Count == list.Items.Count && to.Count == from.Count =>
                list.Items.SelectMany((item, i) => Sources(item, from.Items[i], to.Items[i])),
            _ => [],
        };
    }

    /// <summary>The call's arguments with what the sources changed, and with everything else as it is, edited or not.</summary>
    private static JsonValue Merge(Template template, JsonValue current, JsonValue was, JsonValue now)
    {
        if (was == now) return current;
        switch (template)
        {
            case Template.Map map when current.IsObject:
                return map.Members.Where(member => current[member.Key] is not null && was[member.Key] is not null && now[member.Key] is not null)
                    .Aggregate(current, (merged, member) => merged.With(member.Key, Merge(member.Value, merged[member.Key]!, was[member.Key]!, now[member.Key]!))); // just tested
            case Template.List list when current.IsArray && current.Count == list.Items.Count:
                return JsonValue.Array(list.Items.Select((item, i) => Merge(item, current.Items[i], was.Items[i], now.Items[i])));
            default:
                return now;
        }
    }

    private static FrameSources Overlay(FrameSources sources, IEnumerable<KeyValuePair<string, JsonValue>> values)
    {
        foreach (var (place, value) in values) // a place comes before what is within it
        {
            var tokens = JsonPointer.Parse(place);
            sources = tokens[0] == "context"
                ? sources with { Context = With(sources.Context, value, tokens, 1) }
                : sources with { Input = With(sources.Input, value, tokens, 1) };
        }
        return sources;
    }

    private static JsonValue With(JsonValue holder, JsonValue value, IReadOnlyList<string> tokens, int at) => at == tokens.Count
        ? value
        : (holder.IsObject ? holder : JsonValue.EmptyObject).With(tokens[at], With(holder[tokens[at]] ?? JsonValue.Null, value, tokens, at + 1));

    private static JsonValue? Resolve(FrameSources sources, string place) =>
        JsonPointer.Resolve(JsonValue.Object(("context", sources.Context), ("input", sources.Input)), place);

    /// <summary>The source as a pointer: <c>/context/a/b</c> or <c>/input/a/b</c>.</summary>
    private static string Place(string source)
    {
        var names = source.Trim()[1..].Split('.');
        return JsonPointer.Format(names[0] == "workflow" ? names.Skip(1) : names);
    }

    private static EffectTask Task(Machine machine, CoveredCall call) => (EffectTask)machine.Definition.Task(call.Task); // covers hold calls only

    private static string Contradiction(string place) =>
        $"The edits give ${(place.StartsWith("/input", StringComparison.Ordinal) ? "workflow." : "")}{place[1..].Replace('/', '.')} two different values.";

    private static CoverEditResult.Refused Refuse(string detail, FrameId at) => new(Problems.Validation(detail, at));

    [GeneratedRegex(@"^\s*\$(?:context|workflow\.input)(?:\.[A-Za-z_][A-Za-z0-9_]*)+\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex PlainPath();
}

/// <summary>What came of an edit.</summary>
public abstract record CoverEditResult
{
    /// <summary>The calls as they would be now, in the order and with the frames they had.</summary>
    public sealed record Changed(ImmutableArray<CoveredCall> Covers) : CoverEditResult;

    /// <summary>The edit can't be made; the detail says why.</summary>
    public sealed record Refused(Problem Problem) : CoverEditResult;
}
