using System.Collections.Immutable;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Conversations;

/// <summary>
/// Something said in a conversation, whole: <c>{ role, content }</c> of role <c>user</c> (what was asked), <c>assistant</c> and <c>summary</c> (the model's answer as it came),
/// or <c>tool</c> (what came of a choice, by its number).
/// </summary>
public sealed record TranscriptEntry(DateTimeOffset At, FrameId Frame, TaskPath Task, JsonValue Message);

/// <summary>
/// What was said in the conversations of a run, from its events alone: everything, in order, also what no model was shown again. Those of agents beneath an agent stand in
/// frames of their own.
/// </summary>
public static class Transcript
{
    public static ImmutableArray<TranscriptEntry> Of(WorkflowDefinition definition, IEnumerable<RunEvent> events)
    {
        var entries = ImmutableArray.CreateBuilder<TranscriptEntry>();
        RunState? state = null;
        foreach (var happened in events)
            state = state is null ? Interpreter.Start(definition, (RunEvent.RunStarted)happened) : Interpreter.Advance(definition, state, happened, entries.Add);
        return entries.ToImmutable();
    }

    /// <summary>Those of one task, in all its iterations and attempts.</summary>
    public static ImmutableArray<TranscriptEntry> Of(WorkflowDefinition definition, IEnumerable<RunEvent> events, TaskPath task) =>
        [.. Of(definition, events).Where(entry => entry.Task == task)];
}
