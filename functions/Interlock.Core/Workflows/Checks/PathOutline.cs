using System.Collections.Immutable;
using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Core.Workflows.Checks;

/// <summary>Writes out the path of a document: each task once, under what holds it.</summary>
internal sealed class PathOutline(SourceMap map, WorkflowDefinition definition)
{
    private const int MaxWritten = 100;

    public static ImmutableArray<PathStep> Of(WorkflowReadResult result) => result.Draft is { } draft ? new PathOutline(result.Map, draft).Steps(draft.Tasks) : [];

    private ImmutableArray<PathStep> Steps(TaskList list) => [.. list.Tasks.Select(Step)];

    private PathStep Step(TaskDefinition task)
    {
        var does = task.If is { } condition ? $"if {Written(condition)}: {Does(task)}" : Does(task);
        if (task.Lock is { } held) does += $", holding the lock {Written(held.Name)}{(held.Places > 1 ? $" (one of {held.Places:N0} places)" : "")}";
        if (task.Then is { } then and not "continue" && task is not SwitchTask) does += $"; then {then}";
        return At(task.Name, task.Path.Value, does, Inside(task));
    }

    private string Does(TaskDefinition task) => task switch
    {
        DoTask => task.Source["call"]?.StringOrNull() is { } function ? $"the function {function}" : "in order",
        SetTask => "sets values",
        SwitchTask => "one of these cases",
        ForTask loop => $"for each {loop.Each} in {Written(loop.In)}{(loop.While is { } condition ? $", while {Written(condition)}" : "")}",
        ForkTask fork => fork.Compete ? "all of these at once, until the first has ended" : "all of these at once",
        TryTask => "tries",
        WaitTask wait => $"waits for {Written(wait.Duration.Value)}",
        RaiseTask => "raises an error",
        EmitTask => $"emits {task.Source["emit"]?["event"]?["with"]?["type"]?.StringOrNull()}",
        ListenTask listen => $"waits for {Written(listen.To)}",
        RunTask child => $"runs the workflow {child.Workflow} ({child.Version ?? "the newest active version"}){(child.IsAwaited ? "" : ", and goes on at once")}",
        ApprovalTask gate => $"gate: {Phrases.People(gate.Quorum, gate.Approvers, gate.Also)}; rejected: {Phrases.Word(gate.OnReject)}{(gate.Information is { } information ? $"; sent back: {information.Then}" : "")}",
        AutonomousTask loop => $"{loop.Planner} chooses from these, up to {Phrases.Limits(loop.Limits)}; then: {Phrases.Word(loop.OnExhausted)}",
        EffectTask call => Call(call),
        _ => "not known",
    };

    private string Call(EffectTask call)
    {
        var gates = string.Join(" and ", definition.GatesOf(call.Path).Select(gate => $"'{gate.Name}'"));
        var granted = gates.Length > 0 ? $", granted by {gates}" : "";
        return $"calls {(call is AgentTask ? "the agent " : "")}{Phrases.Named(call)}{(call.Version is { } version ? $" ({version})" : "")}{granted}{(call.Compensate is { } undo ? $", undone by {undo.Tool}" : "")}";
    }

    private ImmutableArray<PathStep> Inside(TaskDefinition task) => task switch
    {
        DoTask block => task.Source["call"] is null ? Steps(block.Tasks) : Steps(block.Tasks)[1..], // the first sets a function's arguments
        SwitchTask choice => [.. choice.Cases.Select((one, i) => At(one.Name, JsonPointer.Append(JsonPointer.Append(task.Path.Value + "/switch", i), one.Name), $"{(one.When is { } when ? $"when {Written(when)}" : "else")}: {one.Then}", []))],
        ForTask loop => Steps(loop.Tasks),
        ForkTask fork => [.. fork.Branches.Select(Step)],
        TryTask attempt => [.. Steps(attempt.Tasks), Catch(attempt)],
        ListenTask { Each: { } each } => Steps(each.Tasks),
        AutonomousTask loop => Pool(loop),
        _ => [],
    };

    private PathStep Catch(TryTask attempt)
    {
        var caught = attempt.Catch.With.Count == 0 ? "any error" : string.Join(" and ", attempt.Catch.With.Members.Select(member => $"{member.Key} {member.Value.StringOrNull() ?? member.Value.ToString()}"));
        var retried = attempt.Catch.Retry is not { } retry ? "" : retry.AttemptLimit is { } limit ? $": tried up to {limit} times" : ": tried again";
        return At("catch", attempt.Path.Value + "/catch", $"on {caught}{retried}", attempt.Catch.Tasks is { } handler ? Steps(handler) : []);
    }

    private ImmutableArray<PathStep> Pool(AutonomousTask task)
    {
        var at = task.Path.Value + "/with/pool";
        return [.. Members("tools", task.Pool.Tools), .. Members("agents", task.Pool.Agents), .. Members("workflows", task.Pool.Workflows)];

        IEnumerable<PathStep> Members(string kind, ImmutableArray<string> asked) =>
            asked.Select((one, i) => At(one, JsonPointer.Append($"{at}/{kind}", i), $"may be chosen, of the {kind}", []));
    }

    private static string Written(EventConsumption events) => events switch
    {
        EventConsumption.One one => Type(one.Filter),
        EventConsumption.All all => string.Join(" and ", all.Of.Select(Type)),
        EventConsumption.Any { Of.IsEmpty: true } => "any event",
        EventConsumption.Any any => string.Join(" or ", any.Of.Select(Type)) + (any.Until is { } until ? $", until {Written(until)}" : any.UntilEvents is { } end ? $", until {Written(end)}" : ""),
        _ => throw new InvalidOperationException($"Unexpected {events.GetType().Name}."),
    };

    private static string Type(EventFilter filter) => filter.Type ?? "an event that fits";

    private static string Written(Template template) => template switch
    {
        Template.Literal { Value: var value } => Excerpt.Of(value.StringOrNull() ?? value.ToString(), MaxWritten),
        Template.Computed { Expression: var expression } => Written(expression),
        _ => "what is computed",
    };

    private static string Written(Expression expression) => Excerpt.Of(string.Join(' ', expression.Source.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), MaxWritten);

    private PathStep At(string name, string pointer, string does, ImmutableArray<PathStep> steps) => new(name, pointer, map.Nearest(pointer).Key.Line, does, steps);
}
