using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Runs;

namespace Interlock.Tests.Bypass;

/// <summary>
/// Documents that nest gates and guarded calls in <c>fork</c> in <c>for</c> in <c>try</c> behind <c>switch</c>, the same for the same seed: gates that cover what follows them, or not
/// all of it, or nothing; that are jumped over, skipped, raced and retried; guarded calls that nothing covers.
/// </summary>
internal sealed class GatedDocuments(int seed)
{
    private const int MostTasks = 26;
    private const int Deepest = 6;

    private readonly Random _random = new(seed);
    private int _tasks;

    public static WorkflowDefinition Of(int seed) => RandomDocuments.Read(new GatedDocuments(seed).Root());

    private JsonValue Root()
    {
        var nest = Try(1, For(2, Fork(3, Block(4))));
        var names = new[] { Name(), Name(), Name() };
        return JsonValue.Array(
            Named(names[0], Switch([names[1], names[2]])),
            Named(names[1], nest),
            Named(names[2], Block(1)));
    }

    /// <summary>A list in which each gate covers some of the guarded calls behind it, also those in blocks, branches and handled lists.</summary>
    private JsonValue List(int depth)
    {
        var names = Enumerable.Range(0, _random.Next(2, 5)).Select(_ => Name()).ToArray();
        var tasks = new JsonValue[names.Length];
        for (var i = 0; i < tasks.Length; i++)
            tasks[i] = i > 0 && tasks[i - 1]["call"]?.AsString() == "approval" && !Chance(5) ? Behind(depth) : Task(depth, names[(i + 1)..]);
        for (var i = 0; i < tasks.Length; i++)
        {
            if (tasks[i]["call"]?.AsString() != "approval") continue;
            var behind = Enumerable.Range(i + 1, tasks.Length - i - 1).SelectMany(k => Coverable(names[k], tasks[k])).Where(_ => !Chance(4)).Distinct().ToList();
            if (behind.Count > 0) tasks[i] = tasks[i].With("with", tasks[i]["with"]!.With("covers", JsonValue.Array(behind.Select(JsonValue.From)))); // every call has arguments
        }
        return JsonValue.Array(names.Select((name, i) => Named(name, tasks[i])));
    }

    /// <summary>The calls that a gate before this task may name: not those in loops.</summary>
    private static IEnumerable<string> Coverable(string name, JsonValue task)
    {
        if (task["call"]?.AsString() == "tool") return [name];
        var lists = new[] { task["for"] is null ? task["do"] : null, task["try"], task["fork"]?["branches"] }.OfType<JsonValue>();
        return lists.SelectMany(list => list.Items).SelectMany(item => item.Members).SelectMany(member => Coverable(member.Key, member.Value));
    }

    /// <summary>What a gate is there for: a guarded call, or some at once, or one that is tried.</summary>
    private JsonValue Behind(int depth) => _random.Next(6) switch
    {
        0 => JsonValue.Object(("fork", JsonValue.Object(("compete", Chance(4)), ("branches", JsonValue.Array(Named(Name(), Guarded()), Named(Name(), Guarded())))))),
        1 => JsonValue.Object(("try", JsonValue.Array(Named(Name(), Guarded()))), ("catch", JsonValue.Object(("do", List(depth + 1))))),
        2 => JsonValue.Object(("do", JsonValue.Array(Named(Name(), Free()), Named(Name(), Guarded())))),
        _ => Guarded(),
    };

    private JsonValue Task(int depth, string[] after)
    {
        var task = (depth < Deepest && _tasks < MostTasks ? _random.Next(16) : _random.Next(10)) switch
        {
            0 or 1 or 2 or 3 or 4 => Gate(),
            5 => Guarded(),
            6 or 7 => Free(),
            8 => JsonValue.Object(("wait", "PT5M")),
            9 => after.Length > 0 && Chance(2) ? Switch(after) : Chance(4) ? Raise() : Free(),
            10 => Block(depth + 1),
            11 => For(depth + 1, Block(depth + 2)),
            12 or 13 => Fork(depth + 1, Block(depth + 2)),
            _ => Try(depth + 1, null),
        };
        if (Chance(9)) task = task.With("if", Chance(2) ? "true" : "false");
        if (Chance(9) && task["wait"] is null) task = task.With("timeout", JsonValue.Object(("after", "PT20M")));
        if (Chance(7) && task["metadata"] is null) task = task.With("metadata", JsonValue.Object(("interlock", JsonValue.Object((Chance(2) ? "onError" : "onTimeout", "skip")))));
        if (Chance(9) && after.Length > 0 && task["switch"] is null && task["raise"] is null) task = task.With("then", after[_random.Next(after.Length)]);
        return task;
    }

    private JsonValue Guarded()
    {
        var with = JsonValue.Object(("tool", "crm/apply"), ("arguments", JsonValue.Object(("service", Chance(2) ? "mail" : "${ $workflow.input.service }"), ("level", _random.Next(3)))));
        var task = JsonValue.Object(("call", "tool"), ("with", with));
        var interlock = JsonValue.EmptyObject;
        if (Chance(3)) interlock = interlock.With("compensate", JsonValue.Object(("tool", "crm/revert"), ("arguments", JsonValue.EmptyObject), ("timeout", "PT1M")));
        if (Chance(2)) interlock = interlock.With("onError", "skip");
        return interlock.Count == 0 ? task : task.With("metadata", JsonValue.Object(("interlock", interlock)));
    }

    private JsonValue Gate()
    {
        JsonValue People(string group) => JsonValue.Array(JsonValue.Object(("group", group)));
        var with = JsonValue.Object(
            ("title", "Go?"), ("approvers", People(Chance(25) ? "others" : "sre")), ("quorum", Chance(3) ? 2 : 1), ("expiresAfter", "PT1H"), ("onReject", Chance(2) ? "skip" : "fail"), ("onTimeout", "fail"));
        with = _random.Next(3) switch
        {
            0 => with.With("onTimeout", "skip"),
            1 => with.With("onTimeout", "escalate").With("escalation", JsonValue.Object(("approvers", People(Chance(4) ? "others" : "sre")), ("expiresAfter", "PT2H"), ("onTimeout", "skip"))),
            _ => with,
        };
        return JsonValue.Object(("call", "approval"), ("with", with));
    }

    private static JsonValue Free() => JsonValue.Object(("call", "tool"), ("with", JsonValue.Object(("tool", "crm/read"), ("arguments", JsonValue.EmptyObject))));

    private static JsonValue Raise() => JsonValue.Object(("raise", JsonValue.Object(("error", JsonValue.Object(("type", "https://x.y/e"), ("status", 500))))));

    private JsonValue Switch(string[] to) => JsonValue.Object(("switch", JsonValue.Array(
        Named("a", JsonValue.Object(("when", "(. | type) == \"object\""), ("then", to[_random.Next(to.Length)]))),
        Named("b", JsonValue.Object(("then", "continue"))))));

    private JsonValue Block(int depth) => JsonValue.Object(("do", List(depth)));

    private JsonValue For(int depth, JsonValue body)
    {
        var id = _tasks;
        return JsonValue.Object(("for", JsonValue.Object(("in", $"[range({_random.Next(1, 4)})]"), ("each", $"e{id}"), ("at", $"i{id}"))), ("do", JsonValue.Array(Named(Name(), body), Named(Name(), Block(depth + 1)))));
    }

    private JsonValue Fork(int depth, JsonValue first)
    {
        var branches = new List<JsonValue> { Named(Name(), first) };
        for (var i = _random.Next(3); i > 0; i--) branches.Add(Named(Name(), Task(depth + 1, [])));
        return JsonValue.Object(("fork", JsonValue.Object(("compete", Chance(3)), ("branches", JsonValue.Array(branches)))));
    }

    private JsonValue Try(int depth, JsonValue? body)
    {
        var handler = JsonValue.EmptyObject;
        if (Chance(2))
        {
            handler = handler.With("retry", JsonValue.Object(("delay", "PT0S"), ("backoff", JsonValue.Object(("constant", JsonValue.EmptyObject))),
                ("limit", JsonValue.Object(("attempt", JsonValue.Object(("count", 2)))))));
        }
        if (Chance(2) || handler["retry"] is null) handler = handler.With("do", List(depth + 1));
        return JsonValue.Object(("try", body is null ? List(depth + 1) : JsonValue.Array(Named(Name(), body))), ("catch", handler));
    }

    private static JsonValue Named(string name, JsonValue task) => JsonValue.Object((name, task));

    private string Name() => $"t{_tasks++}";

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;
}
