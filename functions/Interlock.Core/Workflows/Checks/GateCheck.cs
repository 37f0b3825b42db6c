using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Interlock.Core.Endpoints;
using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Core.Workflows.Checks;

/// <summary>
/// What a gate grants must be what its approvers see: every argument of a covered call is either known when the gate opens or
/// declared <c>computed</c>. Known is what depends only on literals, <c>$workflow.input</c>, variables of loops and handlers around both, and
/// keys of <c>$context</c> that nothing between the gate and the call exports.
/// </summary>
internal static partial class GateCheck
{
    public static void Run(WorkflowDefinition definition, FindingLog log)
    {
        var scopes = new Dictionary<TaskPath, ImmutableDictionary<string, string>>();
        Scopes(definition.Tasks, ImmutableDictionary<string, string>.Empty, scopes);
        var known = new Dictionary<(TaskPath, string), bool>();
        foreach (var list in Lists(definition.Tasks))
        {
            if (!list.Tasks.Any(task => task is ApprovalTask { Covers.IsEmpty: false })) continue;
            var graph = new FlowGraph(list);
            var exports = list.Tasks.Select(ContextExports.Of).ToArray();
            for (var i = 0; i < list.Tasks.Length; i++)
            {
                if (list.Tasks[i] is ApprovalTask { Covers.IsEmpty: false } gate) Gate(gate, i, list, graph, exports, scopes, known, log);
            }
        }
        foreach (var call in definition.AllTasks.Values.OfType<EffectTask>()) Declared(call, definition.IsCovered(call.Path), known, log);
    }

    private static void Gate(ApprovalTask gate, int at, TaskList list, FlowGraph graph, ContextExports[] exports,
        Dictionary<TaskPath, ImmutableDictionary<string, string>> scopes, Dictionary<(TaskPath, string), bool> known, FindingLog log)
    {
        var around = graph.ReachableFrom(0, avoid: at);
        var returned = gate.Information is { } information && list.IndexOf(information.Then) is >= 0 and var back ? graph.ReachableFrom(back, avoid: at) : null;
        foreach (var group in gate.Covers.GroupBy(path => Holding(list, path)))
        {
            var holder = group.Key;
            if (around[holder] || gate.If is not null)
            {
                log.Warn("covers", gate.Path.Value, gate.If is not null
                    ? $"where the gate is skipped by its 'if', '{list.Tasks[holder].Name}' is refused: a covered call needs a grant on every path"
                    : $"a path leads around this gate to '{list.Tasks[holder].Name}', where its calls are refused: a covered call needs a grant on every path");
            }
            if (returned?[holder] == true)
            {
                log.Warn("covers", gate.Path.Value,
                    $"where information is asked for, a path leads to '{list.Tasks[holder].Name}' without this gate, where its calls are refused: nothing was granted; lead back before the gate");
            }
            var calls = group.Select(path => Inside(list.Tasks[holder], path)).Where(one => !one.Call.Arguments.IsLiteral).ToArray();
            if (calls.Length == 0) continue;
            var before = graph.Before(holder, graph.Next(at), avoid: at).Append(at) // a gate exports once it is decided
                .Select(i => exports[i]).Where(one => one.Any).ToArray();
            foreach (var (call, inside) in calls) Arguments(gate, call, [.. before, .. inside], scopes, known, log);
        }
    }

    private static void Arguments(ApprovalTask gate, EffectTask call, ContextExports[] exports,
        Dictionary<TaskPath, ImmutableDictionary<string, string>> scopes, Dictionary<(TaskPath, string), bool> known, FindingLog log)
    {
        foreach (var (pointer, expression) in Expressions(call.Arguments, ""))
        {
            var reason = Unknown(expression, exports, scopes[gate.Path], scopes[call.Path], gate.Name);
            known[(call.Path, pointer)] = known.GetValueOrDefault((call.Path, pointer), true) && reason is null;
            if (reason is null || call.Computed.Any(declared => Covers(declared, pointer))) continue;
            var name = pointer.Length == 0 ? "the arguments as a whole" : $"the argument '{JsonPointer.Unescape(pointer[1..])}'";
            log.Error("computed", expression.Path,
                $"{name} of '{call.Name}' is unknown when the gate '{gate.Name}' opens: {reason}; declare it on the task: metadata: {{ interlock: {{ computed: [ {Declaration(pointer)} ] }} }}");
        }
    }

    /// <summary>Why the value may differ between the gate and the call; null when it can't.</summary>
    private static string? Unknown(Expression expression, ContextExports[] exports,
        ImmutableDictionary<string, string> atGate, ImmutableDictionary<string, string> atCall, string gate)
    {
        if (expression.Program.References.ReadsInput) return "it reads the task's input '.'";
        if (ReadsTime(expression.Source)) return "it reads the time";
        foreach (var (variable, path) in expression.Program.References.Variables)
        {
            var key = path.Count > 0 ? path[0] : null;
            switch (variable)
            {
                case "workflow" when key == "input":
                    break;
                case "context" when !exports.Any(one => one.Touches(key)):
                    break;
                case "context":
                    return key is null
                        ? $"it reads the whole $context, to which a task after '{gate}' exports"
                        : $"it reads $context.{key}, which a task after '{gate}' {(exports.Any(one => one.Everything) ? "may export" : "exports")}";
                case var _ when atCall.TryGetValue(variable, out var binder) && atGate.GetValueOrDefault(variable) == binder:
                    break;
                default:
                    return $"it reads ${variable}{(key is null ? "" : "." + key)}";
            }
        }
        return null;
    }

    /// <summary>Declarations that name no argument, or loosen the grant without need.</summary>
    private static void Declared(EffectTask call, bool covered, Dictionary<(TaskPath, string), bool> known, FindingLog log)
    {
        for (var i = 0; i < call.Computed.Length; i++)
        {
            var declared = call.Computed[i];
            var at = JsonPointer.Append(call.Path.Value + "/metadata/interlock/computed", i);
            if (covered && EndpointTarget.TryParse(call.Target) is EndpointTarget.Http && Covers(declared, "/" + HttpArguments.Endpoint))
                log.Error("computed", at, $"where '{call.Name}' goes can't be unknown to those who approve it: compute the endpoint from $workflow.input or $context, before the gate");
            else if (!Exists(call.Arguments, declared))
                log.Error("computed", at, $"'{call.Name}' has no argument '{Quote.Short(declared.TrimStart('/'))}'");
            else if (!covered)
                log.Warn("computed", at, $"no gate covers '{call.Name}', so this declaration does nothing");
            else if (!Expressions(call.Arguments, "").Any(one => Covers(declared, one.Pointer) && known.TryGetValue((call.Path, one.Pointer), out var isKnown) && !isKnown))
                log.Warn("computed", at, $"'{Quote.Short(declared.TrimStart('/'))}' is known when the gate opens; leave the declaration out, so that the grant binds its value");
        }
    }

    private static bool Exists(Template arguments, string pointer)
    {
        var here = arguments;
        foreach (var token in pointer.Length == 0 || pointer[0] == '/' ? JsonPointer.Parse(pointer) : [pointer])
        {
            switch (here)
            {
                case Template.Map map when map.Members.FirstOrDefault(member => member.Key == token).Value is { } member:
                    here = member;
                    break;
                case Template.List list when int.TryParse(token, out var index) && index < list.Items.Count && index >= 0:
                    here = list.Items[index];
                    break;
                case Template.Literal literal:
                    if (JsonPointer.Resolve(literal.Value, JsonPointer.Append("", token)) is not { } value) return false;
                    here = new Template.Literal(value);
                    break;
                default:
                    return here is Template.Computed; // what an expression gives is not known here
            }
        }
        return true;
    }

    private static bool Covers(string declared, string pointer) =>
        declared.Length == 0 || pointer == declared || pointer.StartsWith(declared + "/", StringComparison.Ordinal);

    private static string Declaration(string pointer) => pointer.Length == 0 ? "\"\"" : pointer.LastIndexOf('/') == 0 ? JsonPointer.Unescape(pointer[1..]) : pointer;

    private static IEnumerable<(string Pointer, Expression Expression)> Expressions(Template template, string pointer) => template switch
    {
        Template.Computed computed => [(pointer, computed.Expression)],
        Template.List list => list.Items.SelectMany((item, i) => Expressions(item, JsonPointer.Append(pointer, i))),
        Template.Map map => map.Members.SelectMany(member => Expressions(member.Value, JsonPointer.Append(pointer, member.Key))),
        _ => [],
    };

    /// <summary>The place in the list of the task that is, or holds, the one at the path: the token after the list's own.</summary>
    private static int Holding(TaskList list, TaskPath path)
    {
        var rest = path.Value.AsSpan(list.Path.Value.Length + 1);
        return int.Parse(rest[..rest.IndexOf('/')], NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static bool IsAt(TaskDefinition task, TaskPath path) =>
        task.Path == path || path.Value.StartsWith(task.Path.Value + "/", StringComparison.Ordinal);

    private static bool IsIn(TaskList? list, TaskDefinition task) =>
        list is not null && task.Path.Value.StartsWith(list.Path.Value + "/", StringComparison.Ordinal);

    /// <summary>The call, and what else inside the task may have exported before it starts.</summary>
    private static (EffectTask Call, IEnumerable<ContextExports> Before) Inside(TaskDefinition task, TaskPath path)
    {
        if (task.Path == path) return ((EffectTask)task, []); // covers hold calls only
        if (task is ForkTask fork) return Inside(fork.Branches.First(branch => IsAt(branch, path)), path); // branches start from a copy
        var list = TaskTree.Lists(task).First(one => path.Value.StartsWith(one.Path.Value + "/", StringComparison.Ordinal));
        var holder = Holding(list, path);
        var (call, before) = Inside(list.Tasks[holder], path);
        var graph = new FlowGraph(list);
        before = before.Concat(graph.Before(holder, [0]).Select(i => ContextExports.Of(list.Tasks[i])));
        if (task is TryTask attempt && (attempt.Catch.Retry is not null || list.Path != attempt.Tasks.Path))
            before = before.Concat(attempt.Tasks.Tasks.Select(ContextExports.Of));
        return (call, before);
    }

    /// <summary>For each task the variables of loops and handlers around it, with the task that gives them.</summary>
    private static void Scopes(TaskList list, ImmutableDictionary<string, string> around, Dictionary<TaskPath, ImmutableDictionary<string, string>> into)
    {
        foreach (var task in list.Tasks) Scopes(task, around, into);
    }

    private static void Scopes(TaskDefinition task, ImmutableDictionary<string, string> around, Dictionary<TaskPath, ImmutableDictionary<string, string>> into)
    {
        into[task.Path] = around;
        foreach (var child in TaskTree.Children(task))
        {
            var inside = task switch
            {
                ForTask loop => around.SetItem(loop.Each, task.Path.Value).SetItem(loop.At, task.Path.Value),
                ListenTask { Each: { } each } => around.SetItem(each.Item, task.Path.Value).SetItem(each.At, task.Path.Value),
                TryTask attempt when IsIn(attempt.Catch.Tasks, child) => around.SetItem(attempt.Catch.As, task.Path.Value),
                _ => around,
            };
            Scopes(child, inside, into);
        }
    }

    private static IEnumerable<TaskList> Lists(TaskList list) => list.Tasks.SelectMany(Lists).Prepend(list);

    private static IEnumerable<TaskList> Lists(TaskDefinition task) =>
        TaskTree.Lists(task).SelectMany(Lists).Concat(task is ForkTask fork ? fork.Branches.SelectMany(Lists) : []);

    /// <summary>Whether a program may give something else at another time.</summary>
    public static bool ReadsTime(string source) => ReadsClock().IsMatch(source);

    [GeneratedRegex(@"(?<![.\w$""])now(?!\w)", RegexOptions.CultureInvariant)]
    private static partial Regex ReadsClock();
}
