using System.Text.Json.Serialization;

namespace Interlock.Core;

/// <summary>A tenant: lower-case letters, digits and dashes, at most 64. Part of every partition key.</summary>
[JsonConverter(typeof(StringIdConverter<TenantId>))]
public readonly record struct TenantId(string Value) : IStringId<TenantId>
{
    public static TenantId Create(string value) => new(value);

    public override string ToString() => Value;
}

/// <summary>A run: 32 hex digits, unguessable unless derived from an event's dedupe key.</summary>
[JsonConverter(typeof(StringIdConverter<RunId>))]
public readonly record struct RunId(string Value) : IStringId<RunId>
{
    public static RunId Create(string value) => new(value);

    public override string ToString() => Value;
}

/// <summary>The JSON pointer of a task, or of a task list, in its document: <c>/do/2/approve</c>.</summary>
[JsonConverter(typeof(StringIdConverter<TaskPath>))]
public readonly record struct TaskPath(string Value) : IStringId<TaskPath>
{
    public static TaskPath Root { get; } = new("");

    /// <summary>The last reference token: a task's name.</summary>
    public string Name => Json.JsonPointer.Unescape(Value[(Value.LastIndexOf('/') + 1)..]);

    public static TaskPath Create(string value) => new(value);

    public TaskPath Append(string token) => new(Json.JsonPointer.Append(Value, token));

    public override string ToString() => Value;
}

/// <summary>
/// One execution of a task: its path with the loop iteration (<c>/do@3</c>), retry (<c>/try@2</c>) and repeated visit
/// (<c>#2</c>) that led to it. Where none of these happened it equals the path.
/// </summary>
[JsonConverter(typeof(StringIdConverter<FrameId>))]
public readonly record struct FrameId(string Value) : IStringId<FrameId>, IComparable<FrameId>
{
    private const string UndoSuffix = "!undo";

    public static FrameId Root { get; } = new("");

    public static FrameId Create(string value) => new(value);

    public FrameId Append(string suffix) => new(Value + suffix);

    /// <summary>The task that is executed: the same without the iterations, retries and visits.</summary>
    public TaskPath Task => new(string.Join('/', Value.Split('/').Select(token => token.AsSpan().IndexOfAny('@', '#') is >= 0 and var mark ? token[..mark] : token)));

    /// <summary>The frame in which this frame's effect is compensated.</summary>
    public FrameId ToUndo() => Append(UndoSuffix);

    /// <summary>The frame whose effect a compensation's frame undoes. Only the end counts: a task may be named as it likes.</summary>
    public FrameId Undone() => Value.EndsWith(UndoSuffix, StringComparison.Ordinal) ? new(Value[..^UndoSuffix.Length]) : this;

    public int CompareTo(FrameId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}

/// <summary>One effect: 32 hex digits derived from run, frame and purpose; the idempotency key that reaches the tool.</summary>
[JsonConverter(typeof(StringIdConverter<EffectId>))]
public readonly record struct EffectId(string Value) : IStringId<EffectId>, IComparable<EffectId>
{
    public static EffectId Create(string value) => new(value);

    public int CompareTo(EffectId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}

/// <summary>An approval gate: 32 hex digits derived from the run and the frame that opens it.</summary>
[JsonConverter(typeof(StringIdConverter<GateId>))]
public readonly record struct GateId(string Value) : IStringId<GateId>
{
    public static GateId Create(string value) => new(value);

    public override string ToString() => Value;
}

/// <summary>A registered tool: <c>server/tool</c>. Clients see it as <c>server__tool</c>.</summary>
[JsonConverter(typeof(StringIdConverter<ToolName>))]
public readonly record struct ToolName(string Value) : IStringId<ToolName>
{
    public string Server => Value[..Value.IndexOf('/')];

    public string Tool => Value[(Value.IndexOf('/') + 1)..];

    public static ToolName Create(string value) => new(value);

    public override string ToString() => Value;
}
