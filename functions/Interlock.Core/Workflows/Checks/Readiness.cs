using Interlock.Core.Endpoints;
using Interlock.Core.Workflows.Reading;
using static Interlock.Core.Workflows.Checks.Phrases;

namespace Interlock.Core.Workflows.Checks;

/// <summary>
/// Answers the questions of the readiness report. What the gateway enforces for every document is stated with the places of this document
/// it applies to; what a document can get wrong comes from the findings, each of which speaks against one answer.
/// </summary>
internal sealed class Readiness
{
    private readonly WorkflowReadResult _result;
    private readonly List<TaskDefinition> _tasks;

    private Readiness(WorkflowReadResult result)
    {
        _result = result;
        _tasks = result.Draft is { } draft ? [.. draft.Tasks.Tasks.SelectMany(TaskTree.WithDescendants)] : [];
    }

    public static ReadinessReport Of(WorkflowReadResult result)
    {
        var readiness = new Readiness(result);
        return new(result.File,
        [
            readiness.Answer("gates", "Can a gate be bypassed?", readiness.Gates()),
            readiness.Answer("deprecation", "Does a deprecation take effect at the next call?", readiness.Deprecation()),
            readiness.Answer("audit", "Is every action recorded on its own?", readiness.Audit()),
            readiness.Answer("on-error-on-timeout", "Does every step say what happens on an error and on a timeout?", readiness.Steps()),
            readiness.Answer("pools", "Is what may be called bounded before the start?", readiness.Pools()),
        ])
        { Path = PathOutline.Of(result) };
    }

    private static string Question(string rule) => rule switch
    {
        "covers" or "computed" or "quorum" or "information" or "approvers" => "gates",
        "unknown-call" or "unsupported" or "target" => "deprecation",
        "secrets" => "audit",
        "endpoint" or "header" or "stdio-operator-only" or "mode" or "pool" or "pool-not-authorized" => "pools",
        _ => "on-error-on-timeout",
    };

    private ReadinessAnswer Answer(string id, string question, IEnumerable<ReadinessEvidence> evidence)
    {
        var found = _result.Findings.Where(finding => _result.Draft is null || Question(finding.Rule) == id)
            .Where(finding => finding.Severity == Severity.Error || id is "gates" or "deprecation")
            .Select(finding => new ReadinessEvidence(finding.Pointer, finding.Line, finding.Message, finding.Severity == Severity.Error));
        var all = found.Concat(evidence).ToArray();
        return new(id, question, !all.Any(one => one.Failed), all);
    }

    private IEnumerable<ReadinessEvidence> Gates()
    {
        foreach (var gate in _tasks.OfType<ApprovalTask>())
        {
            foreach (var path in gate.Covers)
            {
                var call = (EffectTask)_tasks.First(task => task.Path == path); // covers hold calls only
                var bound = call.Computed.IsEmpty ? "its exact arguments" : $"its arguments but for {string.Join(", ", call.Computed)}";
                yield return At(call, $"{Named(call)} runs only with a grant of the gate '{gate.Name}' (line {Line(gate.Path.Value)}) for {bound}");
            }
            yield return At(gate, $"{People(gate.Quorum, gate.Approvers, gate.Also)}; rejected: {Word(gate.OnReject)}; not decided after {gate.ExpiresAfter}: {Expiry(gate)}");
            if (gate.Information is { } information) yield return At(gate, $"sent back for information it grants nothing; the run goes on with '{information.Then}'");
            if (gate.OnMismatch == MismatchAction.Reopen) yield return At(gate, "a granted call that is refused as no longer what was approved opens another gate for exactly that call");
        }
        foreach (var call in _tasks.OfType<EffectTask>().Where(call => call.Escalate?.Choices.Contains(StepChoice.Retry) == true || call.Escalate?.Choices.Contains(StepChoice.Edit) == true))
            yield return At(call, $"once {Named(call)} failed, {People(call.Escalate!)} may grant it anew, with the exact arguments they are shown"); // just tested
        foreach (var call in _tasks.OfType<EffectTask>().Where(call => _result.Draft?.IsCovered(call.Path) == false))
            yield return At(call, $"{Named(call)} is covered by no gate of this document: the policy decides at the gateway");
        foreach (var loop in Loops)
            yield return At(loop, $"no gate covers what {loop.Planner} chooses: a guarded call of it is asked about inside the loop, with its exact arguments: {(loop.Approval is { } people ? People(people) : "whom policy names")}");
    }

    private IEnumerable<ReadinessEvidence> Deprecation()
    {
        foreach (var child in _tasks.OfType<RunTask>())
            yield return At(child, $"the workflow {child.Workflow} is resolved when it starts ({child.Version ?? "the newest active version"}); a deprecated one starts no more");
        foreach (var call in _tasks.OfType<EffectTask>())
        {
            yield return At(call, $"{Named(call)} {(EndpointTarget.TryParse(call.Target) is not null ? "goes to what is registered there" : VirtualTarget.TryParse(call.Target) is not null ? "leads to an active tool" : call.Version is null ? "takes the active version" : "pins " + call.Version)}, resolved against the registry at every call");
            if (call.Compensate is { } undo)
                yield return new(undo.Path, Line(undo.Path), $"the compensation {undo.Tool} is resolved the same way", false);
        }
        foreach (var loop in Loops)
            yield return At(loop, $"{loop.Planner} {(loop.PlannerVersion is { } range ? "pins " + range : "takes the active version")}, and its pool the active versions, when '{loop.Name}' begins; each is resolved against the registry at every call");
    }

    private IEnumerable<ReadinessEvidence> Audit() => _tasks.SelectMany(task => task switch
    {
        EffectTask call => [At(call, $"{Named(call)}: intent before and outcome after each call, under {call.Path}; outcome unknown: {Word(call.OnInDoubt)}")],
        EmitTask emit => [At(emit, "each event is recorded before anybody hears of it")],
        AutonomousTask loop => [At(loop, $"each choice of {loop.Planner} with the candidates, what is excluded and why, its reason, model, prompt digest and tokens; each call of it as any other")],
        RunTask child => [At(child, $"each run of {child.Workflow} has a chain of its own, which names this run")],
        _ => (ReadinessEvidence[])[],
    });

    private IEnumerable<ReadinessEvidence> Steps() => _tasks.Select(task =>
        At(task, $"'{task.Name}': on error {Action(task, task.OnError)}, on timeout {Action(task, task.OnTimeout)}, {Bound(task)}"));

    private static string Action(TaskDefinition task, StepAction action) => action == StepAction.Escalate && task.Escalate is { } people
        ? $"escalate to {People(people)} ({string.Join(", ", people.Choices.Select(Word))}; not decided after {people.ExpiresAfter}: {Word(people.OnExpiry)})"
        : Word(action);

    private static string Expiry(ApprovalTask gate) => gate is { OnExpiry: GateTimeoutAction.Escalate, Escalation: { } next }
        ? $"escalate to {People(next.Quorum, next.Approvers, next.Also)}; not decided after {next.ExpiresAfter}: {Word(next.OnExpiry)}"
        : Word(gate.OnExpiry);

    private IEnumerable<ReadinessEvidence> Pools()
    {
        if (_result.Draft is not { } draft) yield break;
        var calls = _tasks.OfType<EffectTask>().ToArray();
        var targets = calls.Select(Named).Concat(calls.Select(call => call.Compensate?.Tool).OfType<string>())
            .Concat(_tasks.OfType<RunTask>().Select(child => $"the workflow {child.Workflow}")).Distinct().Order(StringComparer.Ordinal).ToArray();
        var picks = Loops.Any() ? $"calls are picked from pools in {string.Join(", ", Loops.Select(loop => $"'{loop.Name}'"))}; all else that can be called is" : "no step picks its calls; all that can be called is";
        yield return new("/document", Line("/document/metadata/interlock/mode"), $"{Word(draft.Mode)}: {picks} {(targets.Length == 0 ? "nothing" : string.Join(", ", targets))}", false);
        foreach (var loop in Loops)
        {
            yield return At(loop, $"'{loop.Name}': {loop.Planner} chooses from {string.Join(", ", Members(loop.Pool))}{(_result.Pools.TryGetValue(loop.Path, out var now) ? $", which is now {now}" : "")}");
            yield return At(loop, $"'{loop.Name}': at most {Limits(loop.Limits)}; when one is reached: {Word(loop.OnExhausted)}");
        }
        foreach (var task in _tasks.OfType<UnreadTask>())
            yield return At(task, $"what '{task.Name}' may call is not known") with { Failed = true };
    }

    private IEnumerable<AutonomousTask> Loops => _tasks.OfType<AutonomousTask>();

    private string Bound(TaskDefinition task)
    {
        if (task.Timeout is not null) return "bounded by its own timeout";
        var around = _tasks.LastOrDefault(one => one.Timeout is not null && task.Path.Value.StartsWith(one.Path.Value + "/", StringComparison.Ordinal));
        if (around is not null) return $"bounded by the timeout of '{around.Name}' (line {Line(around.Path.Value)})";
        return _result.Document?["timeout"] is not null ? $"bounded by the workflow's timeout (line {Line("/timeout")})" : "bounded by nothing";
    }

    private ReadinessEvidence At(TaskDefinition task, string reason) => new(task.Path.Value, Line(task.Path.Value), reason, false);

    private int Line(string pointer) => _result.Map.Nearest(pointer).Key.Line;
}
