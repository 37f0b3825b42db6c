using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Runs;
using Interlock.Core.Runs.Conversations;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// The audit records of what models choose: one each, accepted or refused, with what there was to choose from, what was not and why, the model's reason, its prompt by digest,
/// and the tokens of the turn.
/// </summary>
internal static class SelectionRecords
{
    private const int MaxText = 1000;
    private const int MaxTarget = 200;

    /// <summary>As many exclusions as one record names; the record of the agent's opening has more.</summary>
    private const int MaxExcluded = 100;

    /// <summary>The records of a turn's answer; none of an answer that is none.</summary>
    public static ImmutableArray<AuditRecord> Of(RunState run, Command.CallModel turn, JsonValue output, DateTimeOffset at)
    {
        ModelAnswer answer;
        try
        {
            answer = ModelAnswer.Read(output);
        }
        catch (FormatException)
        {
            return [];
        }
        if (answer.Calls.IsEmpty) return [];
        var terms = (run.Frames.GetValueOrDefault(turn.Frame)?.State as FrameState.Conversation)?.Terms;
        var details = Details(turn, answer, terms?.Agent == turn.Target ? terms : null);
        return [.. Selections.Of(run, turn, answer).Select((selection, i) => Of(run, turn, selection, i, at) with { Details = details.With("number", selection.Number) })];
    }

    private static AuditRecord Of(RunState run, Command.CallModel turn, Selection selection, int place, DateTimeOffset at)
    {
        var member = selection.Member;
        return RunRecords.Of(run.Tenant, run.Id, run.Workflow, $"selection:{turn.Id}:{place}", AuditTypes.AgentSelection, at) with
        {
            Task = turn.Task,
            Frame = ChoiceFrames.Of(turn.Frame, selection.Number),
            Actors = [.. run.Origin.Chain(turn.Target, turn.Agent is null ? null : [.. turn.AgentsBehind ?? [], turn.Agent]).Subjects],
            Target = Excerpt.Of(member?.Target ?? selection.Wanted.Name, MaxTarget),
            ToolVersion = member?.Kind == PoolKind.Tool ? member.Version : null,
            AgentVersion = member?.Kind == PoolKind.Agent ? member.Version : null,
            ContractDigest = member?.Digest,
            Effect = turn.Id,
            ArgumentsDigest = CanonicalJson.Digest(selection.Arguments ?? Excerpt.Of(selection.Wanted.Arguments, int.MaxValue)),
            Decision = selection.Rule is null ? "accepted" : "refused",
            Stage = selection.Rule is null ? null : Selection.Stage,
            Rule = selection.Rule,
            Reason = selection.Reason is { } reason ? Excerpt.Of(reason, MaxText) : null,
            Trace = run.Origin.TraceParent,
        };
    }

    private static JsonValue Details(Command.CallModel turn, ModelAnswer answer, AgentTerms? terms)
    {
        var details = JsonValue.Object(
            ("agent", turn.Target), ("agentVersion", turn.Version ?? ""), ("model", Excerpt.Of(answer.Model, MaxTarget)), ("prompt", CanonicalJson.Digest(turn.Arguments)),
            ("tokens", JsonValue.Object(("input", answer.Tokens.Input), ("output", answer.Tokens.Output))));
        return terms is null ? details : details
            .With("pool", terms.PoolDigest)
            .With("candidates", JsonValue.Array(terms.Pool.Select(member => JsonValue.From(member.Name))))
            .With("excluded", JsonValue.Array(terms.Excluded.Take(MaxExcluded).Select(one => JsonValue.Object(("target", Excerpt.Of(one.Target, MaxTarget)), ("why", Excerpt.Of(one.Why, MaxTarget))))));
    }
}
