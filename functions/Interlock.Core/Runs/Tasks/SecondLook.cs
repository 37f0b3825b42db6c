using System.Collections.Immutable;
using System.Globalization;
using Interlock.Core.Workflows;

namespace Interlock.Core.Runs.Tasks;

/// <summary>
/// A granted call that was refused because it is no longer what was approved: the people of the gate that covers it are asked again, for exactly
/// this call. Approved, it is made as another effect; the step's own clock stands still meanwhile.
/// </summary>
internal static class SecondLook
{
    private const string Required = "second-look-required";

    private static readonly string[] Mismatches = ["intent-mismatch", "target-mismatch", "grant-expired", "incarnation-changed"];

    /// <summary>Opens a gate when the refusal calls for one; false when the refusal stands.</summary>
    public static bool Opens(Machine machine, Frame frame, Command.Call call, Problem refusal)
    {
        if (call.Grant is null || frame.Reopened >= RunLimits.Reopenings || machine.CoveringGate(frame) is not { } task) return false;
        if (refusal.Rule is not { } rule || (rule != Required && !(task.OnMismatch == MismatchAction.Reopen && IsStale(rule)))) return false;
        machine.WithdrawOwn(frame);
        frame = machine.StopTimeout(frame with { Reopened = frame.Reopened + 1 });
        var covered = GateCovers.Exactly((EffectTask)machine.Definition.Task(frame.Path), frame.Id, call.Arguments);
        var (title, description) = Texts(machine, frame, task);
        Open(machine, frame, task, GatePeople.Of(task), title, description, [covered], rule, escalation: false);
        return true;
    }

    /// <summary>Whether the rule says that the call is no longer what was approved.</summary>
    public static bool IsStale(string rule) => rule == Required || Mismatches.Contains(rule);

    /// <summary>Whether the gateway refused a call for what its grant is, or is not.</summary>
    public static bool IsAboutGrant(Problem problem) =>
        problem.Rule is { } rule && (IsStale(rule) || rule.StartsWith("grant-", StringComparison.Ordinal));

    /// <summary>The same question to the people who come next.</summary>
    public static void Open(Machine machine, Frame frame, ApprovalTask task, GatePeople people, GateRequest expired) =>
        Open(machine, frame, task, people, expired.Title, expired.Description, expired.Covers, expired.Again, escalation: true);

    public static void Approved(Machine machine, Frame frame)
    {
        var task = (EffectTask)machine.Definition.Task(frame.Path);
        frame = machine.ArmTimeout(machine.Update(frame with { State = FrameState.Leaf.Instance }), task.Timeout);
        LockExecutor.Enter(machine, frame, task);
    }

    private static void Open(
        Machine machine, Frame frame, ApprovalTask task, GatePeople people, string title, string? description, ImmutableArray<CoveredCall> covers,
        string? rule, bool escalation) =>
        GateOpening.Open(
            machine, frame, string.Create(CultureInfo.InvariantCulture, $"again:{frame.Reopened}{(escalation ? ":escalation" : "")}"), people, title, description, covers,
            request => request with
            {
                OnReject = GatePeople.Word(task.OnReject),
                IsEscalation = escalation,
                Again = rule,
            });

    /// <summary>The gate's texts as they read now; where they can't be told from the call's place, its name says which gate it was.</summary>
    private static (string Title, string? Description) Texts(Machine machine, Frame frame, ApprovalTask task)
    {
        var fallback = $"{task.Name}: {frame.Path.Name} once more";
        return (Text(machine, frame, task.Title) ?? fallback, task.Description is null ? null : Text(machine, frame, task.Description));
    }

    private static string? Text(Machine machine, Frame frame, Template template)
    {
        if (template.Expressions.Any(one => one.Program.References.ReadsInput || one.Program.References.Variables.Any(read => read.Variable is "input" or "task"))) return null;
        try
        {
            return GateOpening.Text(machine, frame, template);
        }
        catch (Exception e) when (e is ExpressionException or FormatException)
        {
            return null;
        }
    }
}
