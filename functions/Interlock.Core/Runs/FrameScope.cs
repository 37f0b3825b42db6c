using System.Globalization;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Core.Runs;

/// <summary>The runtime arguments of the DSL as one frame sees them, built only when an expression names them.</summary>
internal sealed class FrameScope(Machine machine, Frame frame) : IEvaluationScope
{
    private static readonly JqLimits Limits = new();
    private static readonly JsonValue Runtime = JsonValue.Object(("name", "interlock"), ("version", "1"), ("metadata", JsonValue.EmptyObject));

    /// <summary>The task's output, transformed where it already is.</summary>
    public JsonValue? Output { get; init; }

    public JsonValue? RawOutput { get; init; }

    /// <summary>Variables beyond the frame's ancestors' (a case under test, an error being matched).</summary>
    public JsonValue? Extra { get; init; }

    /// <summary>What is read in the place of the run's own context and input.</summary>
    public FrameSources? Sources { get; init; }

    public JqScope For(JqReferences references)
    {
        var variables = new Dictionary<string, JsonValue>(references.Variables.Count, StringComparer.Ordinal);
        foreach (var reference in references.Variables)
        {
            if (!variables.ContainsKey(reference.Variable)) variables.Add(reference.Variable, Find(reference.Variable));
        }
        return new JqScope(variables, machine.Now, Limits) { Budget = machine.Expressions };
    }

    private JsonValue Find(string name) => name switch
    {
        "context" => Sources?.Context ?? machine.ContextOf(frame),
        "input" => frame.Input,
        "output" => Output ?? JsonValue.Null,
        "task" => Task(),
        "workflow" => Workflow(),
        "runtime" => Runtime,
        _ => Extra?[name] ?? machine.Local(frame, name) ?? JsonValue.Null,
    };

    private JsonValue Task() => machine.DefinitionOf(frame) is not { } task
        ? JsonValue.Null
        : JsonValue.Object(
            ("name", task.Name), ("reference", frame.Path.Value), ("definition", task.Source), ("input", frame.RawInput),
            ("output", RawOutput ?? JsonValue.Null), ("startedAt", Time(frame.StartedAt)));

    private JsonValue Workflow() => JsonValue.Object(
        ("id", machine.Run.Value), ("definition", machine.Definition.Document), ("input", Sources?.Input ?? machine.Input), ("startedAt", Time(machine.StartedAt)));

    /// <summary>The time as documents see it: in UTC, to the millisecond.</summary>
    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static JsonValue Time(DateTimeOffset time) => JsonValue.Object(
        ("iso8601", Iso(time)),
        ("epoch", JsonValue.Object(("seconds", time.ToUnixTimeSeconds()), ("milliseconds", time.ToUnixTimeMilliseconds()))));
}
