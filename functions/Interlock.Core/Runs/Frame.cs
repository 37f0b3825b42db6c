using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Core.Runs.Conversations;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>
/// One active task or task list. <see cref="Input"/> is the transformed input; <see cref="Locals"/> are variables its children see;
/// <see cref="Context"/> is set on the root and on fork branches, which own a copy; <see cref="Deadline"/> is the earliest of its own and its
/// ancestors' timeouts.
/// </summary>
public sealed record Frame(
    FrameId Id, FrameId? Parent, TaskPath Path, JsonValue RawInput, JsonValue Input, DateTimeOffset StartedAt, FrameState State)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonValue? Locals { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonValue? Context { get; init; }

    public DateTimeOffset? Deadline { get; init; }

    /// <summary>The pending timeout timer, to be stopped with the frame.</summary>
    public EffectId? TimeoutTimer { get; init; }

    /// <summary>How often people were asked again about the frame's call; each time it becomes another effect.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Reopened { get; init; }

    /// <summary>What an agent chose, if that is what the frame executes: it stands in the agent's frame, and its path is that of the agent's task.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AgentChoice? Choice { get; init; }

    /// <summary>While people are asked about a call of an agent elsewhere that paused for it: the agent's call, to be made again with what they decide.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Command.CallAgent? Paused { get; init; }
}

/// <summary>What a frame remembers between events, by kind.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Leaf), "leaf")]
[JsonDerivedType(typeof(Sequence), "sequence")]
[JsonDerivedType(typeof(Loop), "loop")]
[JsonDerivedType(typeof(Fork), "fork")]
[JsonDerivedType(typeof(Try), "try")]
[JsonDerivedType(typeof(Gate), "gate")]
[JsonDerivedType(typeof(Listen), "listen")]
[JsonDerivedType(typeof(Conversation), "conversation")]
public abstract partial record FrameState
{
    /// <summary>Root, <c>do</c>, effects, <c>wait</c>: nothing beyond what is pending for it.</summary>
    public sealed record Leaf : FrameState
    {
        public static Leaf Instance { get; } = new();
    }

    /// <summary>A task list: how often each task at an index was entered, for distinct frame ids when <c>then</c> jumps back.</summary>
    public sealed record Sequence(ImmutableSortedDictionary<int, int> Visits) : FrameState
    {
        /// <summary>How often in a row people were asked what to do about the step at an index.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public ImmutableSortedDictionary<int, int>? Escalations { get; init; }
    }

    public sealed record Loop(JsonValue Items, int Index) : FrameState;

    /// <summary>The results of the branches that ended.</summary>
    public sealed record Fork(ImmutableSortedDictionary<int, BranchResult> Results) : FrameState;

    /// <summary>The attempt under way (from 1), and the error while waiting to retry or catching.</summary>
    public sealed record Try(int Attempt, TryPhase Phase, JsonValue? Error = null) : FrameState;

    /// <summary>People are asked: by an approval task, about a failed step of any kind, or once more about a call.</summary>
    public sealed record Gate(GateRequest Request) : FrameState;

    /// <summary>
    /// A listening task: the digests of the events it took, its output so far, and what waits for its turn in <c>foreach</c>, the one under way first.
    /// </summary>
    public sealed record Listen(ImmutableList<string> Seen, ImmutableList<JsonValue> Output, ImmutableList<JsonValue> Waiting) : FrameState
    {
        /// <summary>The filters that have their event where each needs one, those of <c>until</c> counted on.</summary>
        public ImmutableSortedSet<int> Filled { get; init; } = [];

        /// <summary>What the correlations without an expectation were given by the first event, by name.</summary>
        public JsonValue Correlated { get; init; } = JsonValue.EmptyObject;

        /// <summary>Whether enough came: no more events are taken.</summary>
        public bool IsOver { get; init; }
    }
}

public enum TryPhase
{
    Trying,
    Waiting,
    Catching,
}

/// <summary>A fork branch's end: its output and its own context.</summary>
public sealed record BranchResult(JsonValue Output, JsonValue Context);
