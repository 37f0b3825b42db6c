using System.Collections.Frozen;
using System.Collections.Immutable;
using Interlock.Core.Endpoints;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Workflows;

/// <summary>What happens to a logic step that fails or runs out of time.</summary>
public enum StepAction
{
    /// <summary>The error is raised: a surrounding <c>try</c> may catch it, else the run compensates and stops.</summary>
    Fail,

    /// <summary>The step ends with its input as its output; recorded.</summary>
    Skip,

    /// <summary>People are asked what to do: the step's <see cref="StepEscalation"/> says whom.</summary>
    Escalate,
}

/// <summary>What to do with an effect of which it is unknown whether it happened.</summary>
public enum InDoubtAction
{
    /// <summary>The step fails with the error <c>in-doubt</c>.</summary>
    Fail,

    /// <summary>It is sent again under the same idempotency key: the author answers for the tool honouring it.</summary>
    Retry,

    /// <summary>The run waits until an operator says what happened.</summary>
    Escalate,
}

/// <summary>A task of the document, with everything inherited resolved: the closed family the interpreter dispatches on.</summary>
public abstract record TaskDefinition
{
    public required TaskPath Path { get; init; }
    public string Name => Path.Name;

    /// <summary>The task as written, for <c>$task.definition</c>.</summary>
    public JsonValue Source { get; init; } = JsonValue.EmptyObject;

    public Expression? If { get; init; }
    public Template? InputFrom { get; init; }
    public JsonSchema? InputSchema { get; init; }
    public Template? OutputAs { get; init; }
    public JsonSchema? OutputSchema { get; init; }
    public Template? ExportAs { get; init; }
    public JsonSchema? ExportSchema { get; init; }

    /// <summary>The duration after which the task is interrupted with error 408, or null when only what surrounds it has one.</summary>
    public DurationTemplate? Timeout { get; init; }

    /// <summary><c>continue</c>, <c>exit</c>, <c>end</c> or the name of a task of the same list; null continues.</summary>
    public string? Then { get; init; }

    public StepAction OnError { get; init; }
    public StepAction OnTimeout { get; init; }

    /// <summary>Who is asked when one of the actions is <see cref="StepAction.Escalate"/>; null when none is.</summary>
    public StepEscalation? Escalate { get; init; }

    /// <summary>What it holds while it runs; null for nothing.</summary>
    public TaskLock? Lock { get; init; }
}

public sealed record DoTask : TaskDefinition
{
    public required TaskList Tasks { get; init; }
}

public sealed record SetTask : TaskDefinition
{
    public required Template Value { get; init; }
}

public sealed record SwitchTask : TaskDefinition
{
    public required ImmutableArray<SwitchCase> Cases { get; init; }
}

/// <summary>A case; without a condition it is the default, wherever it stands.</summary>
public sealed record SwitchCase(string Name, Expression? When, string Then);

public sealed record ForTask : TaskDefinition
{
    public string Each { get; init; } = "item";
    public string At { get; init; } = "index";
    public required Expression In { get; init; }
    public Expression? While { get; init; }
    public required TaskList Tasks { get; init; }
}

public sealed record ForkTask : TaskDefinition
{
    public bool Compete { get; init; }

    /// <summary>The branches: each is one task.</summary>
    public required ImmutableArray<TaskDefinition> Branches { get; init; }
}

public sealed record TryTask : TaskDefinition
{
    public required TaskList Tasks { get; init; }
    public required CatchClause Catch { get; init; }
}

/// <summary>Which errors are caught, and what then: a retry first if there is one, then the tasks.</summary>
public sealed record CatchClause
{
    /// <summary>Members of the error that must be equal (<c>type</c>, <c>status</c>, <c>title</c>, <c>detail</c>, <c>instance</c>); empty matches all.</summary>
    public JsonValue With { get; init; } = JsonValue.EmptyObject;

    public string As { get; init; } = "error";
    public Expression? When { get; init; }
    public Expression? ExceptWhen { get; init; }
    public RetryPolicy? Retry { get; init; }
    public TaskList? Tasks { get; init; }
}

public enum Backoff
{
    Constant,
    Linear,
    Exponential,
}

/// <summary>The DSL's retry policy. The delay before attempt n+1 is <c>Delay</c>, <c>Delay·n</c> or <c>Delay·2^(n-1)</c>, plus jitter.</summary>
public sealed record RetryPolicy
{
    public Expression? When { get; init; }
    public Expression? ExceptWhen { get; init; }
    public TimeSpan Delay { get; init; }
    public Backoff Backoff { get; init; }

    /// <summary>How many attempts in all, the first one included; null for no such limit.</summary>
    public int? AttemptLimit { get; init; }

    /// <summary>How long one attempt may take; null for no such limit.</summary>
    public TimeSpan? AttemptDuration { get; init; }

    /// <summary>How long all attempts together may take; null for no such limit.</summary>
    public TimeSpan? Duration { get; init; }

    public TimeSpan JitterFrom { get; init; }
    public TimeSpan JitterTo { get; init; }
}

public sealed record WaitTask : TaskDefinition
{
    public required DurationTemplate Duration { get; init; }
}

public sealed record RaiseTask : TaskDefinition
{
    /// <summary>Evaluates to the error object: type, status, title, detail.</summary>
    public required Template Error { get; init; }
}

/// <summary>A task that asks the gateway for an effect.</summary>
public abstract record EffectTask : TaskDefinition
{
    /// <summary>The tool (<c>server/tool</c>) or agent.</summary>
    public required string Target { get; init; }

    /// <summary>A semver range of the contract; null takes the active version.</summary>
    public string? Version { get; init; }

    public required Template Arguments { get; init; }

    /// <summary>Pointers into the arguments whose values may be unknown at a covering gate.</summary>
    public ImmutableArray<string> Computed { get; init; } = [];

    public InDoubtAction OnInDoubt { get; init; }

    public Compensation? Compensate { get; init; }

    /// <summary>Evaluated arguments as the call is made with them.</summary>
    public virtual JsonValue Shape(JsonValue evaluated) => evaluated;
}

public sealed record ToolTask : EffectTask
{
    /// <summary>Replaces the derived idempotency key towards the tool.</summary>
    public Template? IdempotencyKey { get; init; }

    public override JsonValue Shape(JsonValue evaluated) => EndpointTarget.TryParse(Target) is EndpointTarget.Http ? HttpArguments.Shape(evaluated) : evaluated;
}

public sealed record AgentTask : EffectTask;

/// <summary>The tool call that undoes a completed effect, evaluated with its <c>$input</c> and <c>$output</c> when it completes.</summary>
public sealed record Compensation(string Tool, Template Arguments, TimeSpan Timeout, string Path);

/// <summary>A list of tasks at a path of the document.</summary>
public sealed record TaskList(TaskPath Path, ImmutableArray<TaskDefinition> Tasks)
{
    private readonly FrozenDictionary<string, int> _places = Tasks.Select((task, i) => KeyValuePair.Create(task.Name, i)).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The place of a task of that name, or -1.</summary>
    public int IndexOf(string name) => _places.TryGetValue(name, out var place) ? place : -1;
}

/// <summary>A duration: fixed, or an expression that gives an ISO 8601 duration or a DSL duration object.</summary>
public sealed record DurationTemplate(Template Value)
{
    /// <exception cref="ExpressionException">The expression failed.</exception>
    /// <exception cref="FormatException">Its value is no duration.</exception>
    public TimeSpan Evaluate(JsonValue input, IEvaluationScope scope) => Durations.Parse(Value.Evaluate(input, scope));
}
