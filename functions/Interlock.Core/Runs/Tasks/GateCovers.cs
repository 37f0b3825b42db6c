using System.Collections.Immutable;
using System.Globalization;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>The calls that gates grant, as people are shown them.</summary>
internal static class GateCovers
{
    /// <summary>The call as it will be made, at the frame that it will have.</summary>
    public static CoveredCall Cover(Machine machine, Frame gate, TaskPath path)
    {
        var task = (EffectTask)machine.Definition.Task(path);
        var frame = Expected(machine, gate, path);
        return Of(task, frame, Known(machine, gate, frame, task), task.Computed);
    }

    /// <summary>A call whose arguments are all there, and are granted as they are.</summary>
    public static CoveredCall Exactly(EffectTask task, FrameId frame, JsonValue arguments) => Of(task, frame, arguments, []);

    /// <summary>
    /// The arguments that are known at the gate. The check at publishing made sure that what is not declared computed reads only what no task in
    /// between changes, so they are evaluated there, without an input. <paramref name="sources"/> are values that people gave in the run's place.
    /// </summary>
    public static JsonValue Known(Machine machine, Frame gate, FrameId frame, EffectTask task, FrameSources? sources = null)
    {
        var probe = gate with { Id = frame, Path = task.Path, Input = JsonValue.Null, RawInput = JsonValue.Null };
        return task.Shape(Known(task.Arguments, "", task.Computed, machine.Scope(probe, sources: sources)) ?? JsonValue.EmptyObject);
    }

    private static CoveredCall Of(EffectTask task, FrameId frame, JsonValue arguments, ImmutableArray<string> computed) =>
        new(frame, task.Path, task is ToolTask ? "tool" : "agent", task.Target, task.Version, arguments, computed)
        {
            Compensation = task.Compensate is { } undo ? new CoveredCompensation(undo.Tool, CanonicalJson.Digest(task.Source["metadata"]?["interlock"]?["compensate"] ?? JsonValue.Null)) : null,
        };

    /// <summary>The covered task's frame: it stands in the gate's own list, or beneath it outside every loop, on its next visit.</summary>
    private static FrameId Expected(Machine machine, Frame gate, TaskPath path)
    {
        var list = machine.Find(gate.Parent!.Value)!; // a gate stands in a list, which is active while the gate is
        if (!path.Value.StartsWith(list.Path.Value + "/", StringComparison.Ordinal)) throw new InvalidOperationException($"{path} is not after the gate {gate.Path}.");
        var tokens = path.Value[(list.Path.Value.Length + 1)..].Split('/');
        var index = int.Parse(tokens[0], CultureInfo.InvariantCulture);
        var top = SequenceExecutor.NextChildId(list, index, JsonPointer.Unescape(tokens[1]));
        return top.Append(string.Concat(tokens.Skip(2).Select(token => "/" + token)));
    }

    private static JsonValue? Known(Template template, string at, ImmutableArray<string> computed, IEvaluationScope scope)
    {
        if (computed.Contains(at)) return null;
        return template switch
        {
            Template.Map map => JsonValue.Object(map.Members
                .Select(member => (member.Key, Value: Known(member.Value, JsonPointer.Append(at, member.Key), computed, scope)))
                .Where(member => member.Value is not null)
                .Select(member => KeyValuePair.Create(member.Key, member.Value!))), // nulls were just left out
            _ => template.Evaluate(JsonValue.Null, scope),
        };
    }
}
