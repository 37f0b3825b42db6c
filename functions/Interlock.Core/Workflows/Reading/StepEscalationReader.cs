using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>
/// <c>escalate</c> of the document and of steps, and what <c>onError: escalate</c> means for each kind of step: an inherited one passes by
/// what people can't be asked about (gates, what the document raises, branches of a fork), a written one there is an error.
/// </summary>
internal static class StepEscalationReader
{
    private static readonly string[] Members = ["onError", "onTimeout"];

    /// <summary>What is written here, for the step and those in it.</summary>
    public static StepEscalation? Read(TaskReader reader, JsonValue? interlock, string at) =>
        interlock?["escalate"] is { } source ? Of(reader, source, at + "/escalate") : null;

    /// <summary>Whom it asks, by when, and what may be decided.</summary>
    public static StepEscalation Of(TaskReader reader, JsonValue source, string at)
    {
        var approvers = PeopleReader.Approvers(source);
        var (initiator, author) = (PeopleReader.Excludes(source, "excludeInitiator"), PeopleReader.Excludes(source, "excludeAuthor"));
        return new StepEscalation(
            approvers,
            PeopleReader.Quorum(reader.Log, source, approvers, at) ?? 1,
            reader.FixedDuration(source["expiresAfter"], at + "/expiresAfter", positive: true) ?? TimeSpan.Zero,
            TaskReader.Action(source["onTimeout"]) ?? StepAction.Fail,
            Choices(source["options"]))
        {
            Also = PeopleReader.Also(reader.Log, source, at, initiator, author),
            ExcludeInitiator = initiator,
            ExcludeAuthor = author,
        };
    }

    /// <summary>An action written here needs somebody to ask.</summary>
    public static void CheckDefined(FindingLog log, JsonValue? interlock, string at, StepEscalation? escalation)
    {
        if (escalation is not null) return;
        foreach (var member in Escalated(interlock))
            log.Error(Rule(member), $"{at}/{member}", $"{member}: escalate needs an escalate beside it or around it: who decides, and by when");
    }

    /// <summary>The step with what remains of the actions for its kind.</summary>
    public static TaskDefinition Applied(TaskReader reader, TaskDefinition task, Step step, bool isBranch)
    {
        var at = step.Path + "/metadata/interlock";
        var own = step.Source["metadata"]?["interlock"];
        if (Reason(task, isBranch) is { } reason)
        {
            foreach (var member in Escalated(own)) reader.Log.Error(Rule(member), $"{at}/{member}", reason);
            return task with { OnError = Passed(task.OnError), OnTimeout = Passed(task.OnTimeout) };
        }
        if (task is SetTask or SwitchTask or WaitTask or EmitTask or RunTask or AutonomousTask or ListenTask { Each: null } && own?["escalate"]?["options"] is { } options && options.Items.Any(option => option.AsString() == "edit"))
            reader.Log.Error("on-error", at + "/escalate/options", "only the arguments of a call can be edited");
        if (task is { OnError: not StepAction.Escalate, OnTimeout: not StepAction.Escalate } || step.Around.Escalate is not { } people) return task;
        return task with { Escalate = people with { Choices = [.. people.Choices.Where(choice => choice != StepChoice.Edit || task is EffectTask)] } };
    }

    private static ImmutableArray<StepChoice> Choices(JsonValue? options)
    {
        var written = options?.Items.Select(option => option.AsString()).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. Enum.GetValues<StepChoice>().Where(choice => choice == StepChoice.Fail || written is null || written.Contains(choice.ToString()))];
    }

    private static string? Reason(TaskDefinition task, bool isBranch) => task switch
    {
        ApprovalTask => "a gate has an escalation of its own: with: { onTimeout: escalate, escalation: … }",
        RaiseTask => "what the document raises itself is no failure to ask people about; let a step around it escalate",
        _ when isBranch => "a branch of a fork can't be begun anew alone; put the task into a do, and let it escalate there",
        _ => null,
    };

    private static StepAction Passed(StepAction action) => action == StepAction.Escalate ? StepAction.Fail : action;

    private static IEnumerable<string> Escalated(JsonValue? interlock) =>
        Members.Where(member => TaskReader.Action(interlock?[member]) == StepAction.Escalate);

    private static string Rule(string member) => member == "onError" ? "on-error" : "on-timeout";
}
