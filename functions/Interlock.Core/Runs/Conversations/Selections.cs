using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Json;

namespace Interlock.Core.Runs.Conversations;

/// <summary>
/// Judges what a model chose: the one place where that is decided, for the interpreter, which acts on it, and for the record of it. It depends on nothing that changes
/// while the turn is under way.
/// </summary>
public static class Selections
{
    /// <summary>Hex digits that tell calls apart.</summary>
    private const int KeyLength = 32;

    /// <summary>The choices of an answer to a turn of a run, in order.</summary>
    /// <param name="run">The run, in which the turn is under way.</param>
    /// <param name="turn">The turn.</param>
    /// <param name="answer">What the model answered.</param>
    public static ImmutableArray<Selection> Of(RunState run, Command.CallModel turn, ModelAnswer answer)
    {
        if (!run.Pending.ContainsKey(turn.Id) || !run.Frames.TryGetValue(turn.Frame, out var frame) || frame.State is not FrameState.Conversation conversation)
            return Refused(answer, 0, SelectionRules.NotPending, "The turn was given up before it answered.");
        return conversation.Phase switch
        {
            ConversationPhase.Asking => Judge(conversation, answer, Depth(run, frame)),
            ConversationPhase.Concluding => Refused(answer, conversation.Counts.Choices, SelectionRules.Limit, "The loop is over; nothing can be called any more."),
            _ => Refused(answer, conversation.Counts.Choices, SelectionRules.OutOfPool, "Nothing can be called here."),
        };
    }

    /// <param name="conversation">The conversation as it was while the turn was under way.</param>
    /// <param name="answer">The turn's answer.</param>
    /// <param name="depth">How many agents, one chosen by the other, led to this one.</param>
    internal static ImmutableArray<Selection> Judge(FrameState.Conversation conversation, ModelAnswer answer, int depth)
    {
        var (terms, limits, counts) = (conversation.Terms, conversation.Terms.Limits, conversation.Counts);
        var reached = counts.Turns + 1 >= limits.Steps ? LimitNames.Steps : Charged(conversation, answer).Spent(limits);
        var (calls, failures, chosen) = (counts.Calls, counts.FailuresInARow, conversation.Chosen);
        var judged = ImmutableArray.CreateBuilder<Selection>(answer.Calls.Length);
        foreach (var wanted in answer.Calls)
        {
            var selection = Read(new Selection(counts.Choices + judged.Count + 1, wanted, terms.Find(wanted.Name)), depth);
            if (selection.Rule is null && chosen.Count(key => key == selection.Key) >= limits.Repeats)
                selection = Refuse(selection, SelectionRules.Repeated, $"This call was made {limits.Repeats} times with these arguments; its result will not change. Choose something else.");
            if (selection.Rule is null && (reached ?? (failures >= limits.ConsecutiveFailures ? LimitNames.Failures : calls >= limits.Calls ? LimitNames.Calls : null)) is { } limit)
                selection = Refuse(selection, SelectionRules.Limit, $"The limit of {limit} is reached.") with { Limit = limit };
            if (selection.Rule is not null) failures++;
            else (calls, chosen) = (calls + 1, chosen.Add(selection.Key!)); // accepted, so it has a target and arguments
            judged.Add(selection);
        }
        return judged.MoveToImmutable();
    }

    /// <summary>What the loop has used with this answer.</summary>
    internal static LoopCounts Charged(FrameState.Conversation conversation, ModelAnswer answer) => conversation.Counts with
    {
        Tokens = conversation.Counts.Tokens + answer.Tokens,
        Cost = conversation.Counts.Cost + (conversation.Terms.Prices?.Of(answer.Tokens) ?? 0),
    };

    /// <summary>How many conversations a frame stands in.</summary>
    internal static int Depth(RunState run, Frame frame)
    {
        var depth = 0;
        while (frame is { Choice: not null, Parent: { } parent } && run.Frames.TryGetValue(parent, out var outer)) (frame, depth) = (outer, depth + 1);
        return depth;
    }

    private static Selection Read(Selection selection, int depth)
    {
        var arguments = Parse(selection.Wanted.Arguments);
        var reason = arguments?[Selection.ReasonName]?.StringOrNull();
        selection = selection with { Arguments = arguments?.Without(Selection.ReasonName), Reason = reason };
        if (selection.Member is not { } member) return Refuse(selection, SelectionRules.OutOfPool, "There is nothing of that name to choose.");
        if (arguments is null) return Refuse(selection, SelectionRules.Arguments, "The arguments are not one JSON object, or nest too deep.");
        if (string.IsNullOrWhiteSpace(reason)) return Refuse(selection, SelectionRules.ReasonMissing, $"Every call says why it is made, in '{Selection.ReasonName}'.");
        selection = selection with { Key = CanonicalJson.Digest(JsonValue.Array(member.Kind.ToString(), member.Target, selection.Arguments!))["sha256:".Length..][..KeyLength] }; // there are arguments
        return member.Kind == PoolKind.Agent && depth + 1 >= RunLimits.AgentHops
            ? Refuse(selection, SelectionRules.Hops, $"{RunLimits.AgentHops} agents led to this one, each chosen by the one before; it may choose no more.")
            : selection;
    }

    private static JsonValue? Parse(string arguments)
    {
        try
        {
            return StrictJson.Parse(arguments) is { IsObject: true, Nesting: <= RunLimits.ValueNesting } value ? value : null;
        }
        catch (NotIJsonException)
        {
            return null;
        }
    }

    private static Selection Refuse(Selection selection, string rule, string detail) => selection with { Rule = rule, Detail = detail };

    private static ImmutableArray<Selection> Refused(ModelAnswer answer, int before, string rule, string detail) =>
        [.. answer.Calls.Select((wanted, i) => Refuse(new Selection(before + i + 1, wanted, null), rule, detail))];
}
