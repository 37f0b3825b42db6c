using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Interlock.Core.Workflows.Reading.Kinds;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Workflows.Reading;

/// <summary>Builds tasks from a document that fits the schemas: what all kinds share is here, what one kind adds is in <c>Kinds/</c>.</summary>
internal sealed class TaskReader(FindingLog log, Reusables reusables, bool isLoose)
{
    /// <summary>What is left for the patterns of all schemas of the document together.</summary>
    private int _patternSize = JsonSchemaOptions.Asserting.MaxPatternSize;

    private readonly List<string> _withoutOnError = [];
    private readonly List<string> _withoutOnTimeout = [];
    private readonly List<string> _withoutDuration = [];
    private int _tasks;
    private bool _tooMany;

    public FindingLog Log => log;

    public Reusables Reusables => reusables;

    public ExpressionReader Expressions { get; } = new(log, isLoose);

    /// <summary>The list at the pointer; its gates know what they cover.</summary>
    public TaskList List(JsonValue list, string pointer, Surroundings around)
    {
        var tasks = Tasks(list, pointer, around);
        for (var i = 0; i < tasks.Length; i++)
        {
            if (tasks[i] is ApprovalTask gate) tasks[i] = CoverReader.Resolve(gate, tasks.AsSpan(i + 1), log);
        }
        return new TaskList(new TaskPath(pointer), ImmutableCollectionsMarshal.AsImmutableArray(tasks));
    }

    /// <summary>The branches of a fork: nothing comes after a branch, so a gate that is one covers nothing.</summary>
    public ImmutableArray<TaskDefinition> Branches(JsonValue list, string pointer, Surroundings around) =>
        [.. Tasks(list, pointer, around, areBranches: true).Select(task => task is ApprovalTask gate ? CoverReader.Resolve(gate, [], log) : task)];

    /// <summary>A duration: literal ones are read now, so that a wrong one is found here.</summary>
    public DurationTemplate? Duration(JsonValue? value, string pointer, Surroundings around, bool positive, IReadOnlyList<string>? arguments = null)
    {
        if (value is null) return null;
        if (ExpressionReader.IsExpression(value)) return new(Expressions.Template(value, pointer, around.Variables, arguments));
        Fixed(value, pointer, positive);
        return new(new Template.Literal(value));
    }

    /// <summary>A duration that must be known before the start.</summary>
    public TimeSpan? FixedDuration(JsonValue? value, string pointer, bool positive)
    {
        if (value is null) return null;
        if (!ExpressionReader.IsExpression(value)) return Fixed(value, pointer, positive);
        log.Error("duration", pointer, "this duration must be written out, not computed: it is checked before anything runs");
        return null;
    }

    /// <summary><c>timeout</c>, written here or under <c>use.timeouts</c>.</summary>
    public DurationTemplate? Timeout(JsonValue? value, string pointer, Surroundings around, IReadOnlyList<string>? arguments = null) =>
        value is not null && reusables.Resolve("timeouts", value, pointer) is var (found, at)
            ? Duration(found["after"], at + "/after", around, positive: true, arguments)
            : null;

    /// <summary>The compiled JSON Schema of <c>input</c>, <c>output</c> or <c>export</c>.</summary>
    public JsonSchema? Schema(JsonValue? holder, string pointer)
    {
        if (holder?["schema"] is not { } schema) return null;
        pointer += "/schema";
        if (schema["format"]?.StringOrNull() is { } format && format != "json" && !format.StartsWith("json:", StringComparison.Ordinal))
        {
            log.Error("unsupported", pointer + "/format", $"schemas of the format '{Quote.Short(format)}' are not checked; write a JSON Schema");
            return null;
        }
        if (schema["document"] is not { } document)
        {
            log.Error("unsupported", pointer, "schema.resource is not fetched; write the JSON Schema under schema.document");
            return null;
        }
        try
        {
            var compiled = JsonSchema.Compile(document, JsonSchemaOptions.Asserting with { MaxPatternSize = _patternSize });
            _patternSize -= compiled.PatternSize;
            return compiled;
        }
        catch (JsonSchemaException e)
        {
            log.Error("schema", pointer + "/document" + (e.Pointer.StartsWith('/') ? e.Pointer : ""), $"not a JSON Schema: {e.Message}");
            return null;
        }
    }

    /// <summary>One finding for all steps that lack the same thing: it is mended in one place.</summary>
    public void ReportMissing()
    {
        Missing(_withoutOnError, "on-error", "onError", "fail or skip");
        Missing(_withoutOnTimeout, "on-timeout", "onTimeout", "fail or skip");
        if (_withoutDuration.Count > 0)
        {
            log.Error("on-timeout", _withoutDuration[0],
                $"nothing bounds how long {Names(_withoutDuration)} may take; give the workflow, or each of them, a timeout: {{ after: … }}");
        }
    }

    private TaskDefinition[] Tasks(JsonValue list, string pointer, Surroundings around, bool areBranches = false)
    {
        if ((_tasks += list.Count) > TaskKinds.MaxTasks)
        {
            if (!_tooMany && !log.IsInsideError(pointer)) log.Error("schema", pointer, $"with what its functions hold the document has more than {TaskKinds.MaxTasks:N0} tasks; split it into several workflows");
            _tooMany = true;
            return [];
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        var tasks = new TaskDefinition[list.Count];
        for (var i = 0; i < list.Count; i++)
        {
            var (name, source) = list.Items[i].Members[0];
            var path = JsonPointer.Append(JsonPointer.Append(pointer, i), name);
            if (!names.Add(name)) log.Error("reference", path, $"a task named '{Quote.Short(name)}' already stands in this list; names say where 'then' and 'covers' lead");
            tasks[i] = Task(source, path, around, areBranches);
        }
        return tasks;
    }

    private TaskDefinition Task(JsonValue source, string path, Surroundings around, bool isBranch)
    {
        var timeout = Timeout(source["timeout"], path + "/timeout", around);
        var own = source["metadata"]?["interlock"];
        var inner = around with
        {
            OnError = Action(own?["onError"]) ?? around.OnError,
            OnTimeout = Action(own?["onTimeout"]) ?? around.OnTimeout,
            Timed = around.Timed || source["timeout"] is not null,
            Escalate = StepEscalationReader.Read(this, own, path + "/metadata/interlock") ?? around.Escalate,
        };
        StepEscalationReader.CheckDefined(log, own, path + "/metadata/interlock", inner.Escalate);
        if (inner.OnError is null) _withoutOnError.Add(path);
        if (inner.OnTimeout is null) _withoutOnTimeout.Add(path);
        if (!inner.Timed) _withoutDuration.Add(path);
        var step = new Step(source, path, inner);
        var task = Kind(step) with
        {
            Source = source,
            If = Expressions.Bare(source["if"], path + "/if", around.Variables, ArgumentsAt.TaskInput),
            InputFrom = Expressions.BareTemplate(source["input"]?["from"], path + "/input/from", around.Variables, ArgumentsAt.TaskInput),
            InputSchema = Schema(source["input"], path + "/input"),
            OutputAs = Expressions.BareTemplate(source["output"]?["as"], path + "/output/as", around.Variables),
            OutputSchema = Schema(source["output"], path + "/output"),
            ExportAs = Expressions.BareTemplate(source["export"]?["as"], path + "/export/as", around.Variables, ArgumentsAt.Export),
            ExportSchema = Schema(source["export"], path + "/export"),
            Timeout = timeout,
            Then = source["then"]?.AsString(),
            OnError = inner.OnError ?? StepAction.Fail,
            OnTimeout = inner.OnTimeout ?? StepAction.Fail,
            Lock = LockReader.Read(this, step),
        };
        return StepEscalationReader.Applied(this, task, step, isBranch);
    }

    private TaskDefinition Kind(Step step) => TaskKinds.Of(step.Source) switch
    {
        "call" => step.Source["call"]!.StringOrNull() switch // a task of the kind call has that member
        {
            "tool" => ToolReader.Read(this, step),
            "agent" => AgentReader.Read(this, step),
            "approval" => ApprovalReader.Read(this, step),
            "autonomous" => AutonomousReader.Read(this, step),
            "http" => HttpReader.Read(this, step),
            "mcp" => McpReader.Read(this, step),
            "a2a" => A2aReader.Read(this, step),
            { } function => FunctionReader.Read(this, step, function),
            _ => new UnreadTask { Path = step.TaskPath },
        },
        "do" => new DoTask { Path = step.TaskPath, Tasks = List(step.Source["do"]!, step.Path + "/do", step.Around) }, // its kind says it is there
        "emit" => EmitReader.Read(this, step),
        "for" => ForReader.Read(this, step),
        "fork" => ForkReader.Read(this, step),
        "listen" => ListenReader.Read(this, step),
        "raise" => RaiseReader.Read(this, step),
        "run" => RunReader.Read(this, step),
        "set" => SetReader.Read(this, step),
        "switch" => SwitchReader.Read(this, step),
        "try" => TryReader.Read(this, step),
        "wait" => WaitReader.Read(this, step),
        _ => new UnreadTask { Path = step.TaskPath },
    };

    private TimeSpan? Fixed(JsonValue value, string pointer, bool positive)
    {
        try
        {
            var duration = Durations.Parse(value);
            if (duration > TimeSpan.Zero || !positive) return duration;
            log.Error("duration", pointer, "this duration must be longer than zero");
        }
        catch (FormatException e)
        {
            log.Error("duration", pointer, e.Message);
        }
        return null;
    }

    private void Missing(List<string> steps, string rule, string member, string values)
    {
        if (steps.Count > 0)
            log.Error(rule, steps[0], $"no {member} for {Names(steps)}; write {member}: {values} under metadata.interlock of the document or the step");
    }

    private static string Names(List<string> paths) =>
        string.Join(", ", paths.Take(10).Select(path => new TaskPath(path).Name)) + (paths.Count > 10 ? $" and {paths.Count - 10} more" : "");

    internal static StepAction? Action(JsonValue? value) => value?.StringOrNull() switch
    {
        "fail" => StepAction.Fail,
        "skip" => StepAction.Skip,
        "escalate" => StepAction.Escalate,
        _ => null,
    };
}

/// <summary>A task about to be read: its text, where it stands, what it inherits (its own actions applied).</summary>
internal sealed record Step(JsonValue Source, string Path, Surroundings Around)
{
    public TaskPath TaskPath => new(Path);
}
