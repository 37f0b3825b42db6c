using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Tests.Runs;

/// <summary>
/// Documents that nest every kind of task, the same for the same seed. Jumps lead forward, or back to a call as long as what it gave says so:
/// every run can end.
/// </summary>
internal sealed class RandomDocuments(int seed)
{
    private const int MostTasks = 24;

    private readonly Random _random = new(seed);
    private int _tasks;

    public static WorkflowDefinition Of(int seed) => Read(new RandomDocuments(seed).List(0, "end"));

    /// <summary>A document of these tasks.</summary>
    public static WorkflowDefinition Read(JsonValue tasks)
    {
        var actions = JsonValue.Object(("mode", "supervised"), ("onError", "fail"), ("onTimeout", "fail"));
        var document = JsonValue.Object(
            ("document", JsonValue.Object(("dsl", "1.0.3"), ("namespace", "test"), ("name", "doc"), ("version", "1.0.0"),
                ("metadata", JsonValue.Object(("interlock", actions))))),
            ("timeout", JsonValue.Object(("after", "P1D"))),
            ("do", tasks));
        var result = WorkflowReader.FromDocument(document);
        return result.Definition ?? throw new InvalidOperationException($"{string.Join("\n", result.Findings)}\n{document}");
    }

    private JsonValue List(int depth, string last)
    {
        var names = Enumerable.Range(0, _random.Next(1, depth == 0 ? 6 : 4)).Select(_ => $"t{_tasks++}").ToArray();
        var tasks = names.Select((_, i) => Task(depth, [.. names.Skip(i + 1)], last)).ToArray();
        for (var i = 0; i < tasks.Length; i++)
        {
            bool IsTool(JsonValue task) => task["call"]?.AsString() == "tool" && task["if"] is null;
            bool IsCoverable(JsonValue task) => IsTool(task) || (task["call"] is null && task.ToString() is var text && text.Contains("\"call\":\"tool\"", StringComparison.Ordinal) && !text.Contains("\"for\":", StringComparison.Ordinal) && !text.Contains("\"foreach\":", StringComparison.Ordinal));
            if (tasks[i]["call"]?.AsString() == "approval" && Array.FindIndex(tasks, i, IsCoverable) is >= 0 and var covered)
                tasks[i] = tasks[i].With("with", tasks[i]["with"]!.With("covers", JsonValue.Array(names[covered]))); // a call has arguments
            if (tasks[i]["call"]?.AsString() == "approval" && Chance(2)) tasks[i] = tasks[i].With("with", tasks[i]["with"]!.With("information", Information(names[_random.Next(names.Length)]))); // the same
            if (tasks[i]["switch"] is not null && Array.FindIndex(tasks, 0, i, IsTool) is >= 0 and var before) tasks[i] = tasks[i].With("switch", Back(names[before]));
        }
        return JsonValue.Array(names.Select((name, i) => JsonValue.Object((name, tasks[i]))));
    }

    private static JsonValue Back(string to) => JsonValue.Array(
        JsonValue.Object(("a", JsonValue.Object(("when", "type == \"object\" and .again == true"), ("then", to)))),
        JsonValue.Object(("b", JsonValue.Object(("then", "continue")))));

    private JsonValue Task(int depth, string[] after, string last, bool isBranch = false)
    {
        var task = (depth < 5 && _tasks < MostTasks ? _random.Next(20) : _random.Next(12)) switch
        {
            0 or 1 or 2 => Call(),
            3 => JsonValue.Object(("set", JsonValue.Object(("n", _random.Next(9)), ("was", "${ . | tostring | .[0:20] }")))),
            4 => JsonValue.Object(("wait", _random.Next(3) == 0 ? "PT0S" : "PT5S")),
            5 => Chance(3) ? JsonValue.Object(("raise", JsonValue.Object(("error", JsonValue.Object(("type", "https://x.y/e"), ("status", 500)))))) : Call(),
            6 => Switch(after, last),
            7 or 8 => Approval(),
            9 => Emit(),
            10 => JsonValue.Object(("listen", JsonValue.Object(("to", Consumption())))),
            11 => Run(),
            12 => Listen(depth),
            13 or 14 => JsonValue.Object(("do", List(depth + 1, "exit"))),
            15 => For(depth),
            16 or 17 => Fork(depth),
            _ => Try(depth),
        };
        if (Chance(6)) task = task.With("if", Chance(2) ? "true" : "false");
        if (Chance(6)) task = task.With("timeout", JsonValue.Object(("after", "PT7S")));
        if (Chance(8) && task["metadata"] is null)
            task = task.With("metadata", JsonValue.Object(("interlock", JsonValue.Object((Chance(2) ? "onError" : "onTimeout", "skip")))));
        if (Chance(5) && !isBranch && task["raise"] is null && task["call"]?.AsString() != "approval") task = task.With("metadata", Escalating(task));
        if (Chance(8) && task["raise"] is null) task = task.With("export", JsonValue.Object(("as", $"$context + {{ k{_random.Next(3)}: {_random.Next(2)} }}")));
        if (Chance(10) && task["switch"] is null && task["raise"] is null) task = task.With("then", Target(after, last));
        return task;
    }

    private JsonValue Call()
    {
        var arguments = JsonValue.Object(("c", "${ $context }"), ("n", _random.Next(9)), ("from", "${ $workflow.input.from }"), ("text", "${ \"from \" + $workflow.input.from }"));
        var with = JsonValue.Object(("tool", "s/t"), ("arguments", arguments));
        if (Chance(4)) with = with.With("onInDoubt", "escalate");
        var call = JsonValue.Object(("call", "tool"), ("with", with));
        var interlock = JsonValue.Object(("computed", JsonValue.Array("c")));
        if (Chance(10)) interlock = interlock.With("onError", "skip");
        var undo = JsonValue.Object(("tool", "s/undo"), ("arguments", JsonValue.Object(("of", "${ $output.id }"))), ("timeout", "PT1M"));
        return call.With("metadata", JsonValue.Object(("interlock", Chance(2) ? interlock.With("compensate", undo) : interlock)));
    }

    private JsonValue Approval()
    {
        var people = JsonValue.Array(JsonValue.Object(("group", "g")));
        var with = JsonValue.Object(("title", "Go?"), ("approvers", people), ("expiresAfter", "PT1H"), ("onReject", Chance(2) ? "skip" : "fail"), ("onMismatch", Chance(2) ? "reopen" : "fail"));
        if (Chance(3)) with = with.With("also", JsonValue.Array(JsonValue.Object(("approvers", people))));
        return JsonValue.Object(("call", "approval"), ("with", _random.Next(3) switch
        {
            0 => with.With("onTimeout", "skip"),
            1 => with.With("onTimeout", "escalate").With("escalation", JsonValue.Object(("approvers", people), ("expiresAfter", "PT2H"), ("onTimeout", "skip"))),
            _ => with.With("onTimeout", "fail"),
        }));
    }

    private static JsonValue Information(string then)
    {
        var form = JsonValue.Object(("type", "object"), ("properties", JsonValue.Object(("what", JsonValue.Object(("type", "string"))))));
        return JsonValue.Object(("schema", JsonValue.Object(("document", form))), ("then", then));
    }

    /// <summary>What the task says already, and that people are asked when it fails.</summary>
    private JsonValue Escalating(JsonValue task)
    {
        var people = JsonValue.Array(JsonValue.Object(("group", "ops")));
        var escalate = JsonValue.Object(("approvers", people), ("expiresAfter", "PT1H"), ("onTimeout", Chance(2) ? "skip" : "fail"));
        if (Chance(3)) escalate = escalate.With("options", JsonValue.Array(Chance(2) ? "retry" : "skip"));
        var interlock = task["metadata"]?["interlock"] ?? JsonValue.EmptyObject;
        if (Chance(2)) interlock = interlock.With("onTimeout", "escalate");
        return JsonValue.Object(("interlock", interlock.With("onError", "escalate").With("escalate", escalate)));
    }

    private JsonValue Switch(string[] after, string last) => JsonValue.Object(("switch", JsonValue.Array(
        JsonValue.Object(("a", JsonValue.Object(("when", Chance(2) ? "true" : "(. | type) == \"object\""), ("then", Target(after, last))))),
        JsonValue.Object(("b", JsonValue.Object(("then", "continue")))))));

    private JsonValue For(int depth)
    {
        var id = _tasks;
        var loop = JsonValue.Object(("for", JsonValue.Object(("in", $"[range({_random.Next(4)})]"), ("each", $"e{id}"), ("at", $"i{id}"))));
        if (Chance(3)) loop = loop.With("while", $"$i{id} < 2");
        return loop.With("do", List(depth + 1, "exit"));
    }

    private JsonValue Emit() => JsonValue.Object(("emit", JsonValue.Object(("event", JsonValue.Object(("with", JsonValue.Object(
        ("source", "https://x.y/" + _random.Next(2)), ("type", "t." + _random.Next(3)), ("data", "${ { was: (. | tostring | .[0:20]), c: $context } }"))))))));

    private JsonValue Run() => JsonValue.Object(("run", JsonValue.Object(("await", !Chance(4)), ("workflow", JsonValue.Object(
        ("namespace", "test"), ("name", "other"), ("version", "latest"), ("input", JsonValue.Object(("c", "${ $context }"))))))));

    private JsonValue Listen(int depth)
    {
        var id = _tasks;
        var each = JsonValue.Object(("item", $"e{id}"), ("at", $"i{id}"));
        if (!Chance(5)) each = each.With("do", List(depth + 1, "exit"));
        if (Chance(3)) each = each.With("output", JsonValue.Object(("as", $"{{ n: $i{id}, was: (. | tostring | .[0:20]) }}")));
        if (Chance(3)) each = each.With("export", JsonValue.Object(("as", $"$context + {{ k{_random.Next(3)}: $i{id} }}")));
        return JsonValue.Object(("listen", JsonValue.Object(("to", Consumption()), ("read", Chance(2) ? "data" : "envelope"))), ("foreach", each));
    }

    /// <summary>Which events are listened to; <see cref="RandomRun"/> sends some that fit.</summary>
    private JsonValue Consumption() => _random.Next(7) switch
    {
        0 => JsonValue.Object(("one", Filter(0))),
        1 => JsonValue.Object(("all", JsonValue.Array([Filter(0), Filter(1)]))),
        2 => JsonValue.Object(("any", JsonValue.Array([Filter(0), Filter(1)]))),
        3 => JsonValue.Object(("any", JsonValue.EmptyArray), ("until", $"( . | length ) >= {_random.Next(1, 4)}")),
        4 => JsonValue.Object(("any", JsonValue.Array([Filter(0)])), ("until", JsonValue.Object(("one", Filter(1))))),
        5 => JsonValue.Object(("any", JsonValue.Array([Filter(0), Filter(1)])), ("until", JsonValue.Object(("all", JsonValue.Array([Filter(2), Filter(1)]))))),
        _ => JsonValue.Object(("any", JsonValue.Array([Filter(0)])), ("until", JsonValue.Object(("any", JsonValue.Array([Filter(1), Filter(2)]))))),
    };

    private JsonValue Filter(int type)
    {
        var with = JsonValue.Object(("type", $"t.{type}"));
        if (Chance(3)) with = with.With("data", "${ .fits != false }");
        if (Chance(4)) with = with.With("subject", "s[01]");
        var filter = JsonValue.Object(("with", with));
        return Chance(3) ? filter.With("correlate", JsonValue.Object(("k", JsonValue.Object(("from", ".data.k"))))) : filter;
    }

    private JsonValue Fork(int depth)
    {
        var branches = JsonValue.Array(Enumerable.Range(0, _random.Next(1, 4)).Select(_ => JsonValue.Object(($"t{_tasks++}", Task(depth + 1, [], "exit", isBranch: true)))));
        return JsonValue.Object(("fork", JsonValue.Object(("compete", Chance(3)), ("branches", branches))));
    }

    private JsonValue Try(int depth)
    {
        var handler = JsonValue.EmptyObject;
        if (Chance(4)) handler = handler.With("errors", JsonValue.Object(("with", JsonValue.Object(("status", 503)))));
        if (Chance(2))
        {
            handler = handler.With("retry", JsonValue.Object(("delay", Chance(2) ? "PT0S" : "PT2S"), ("backoff", JsonValue.Object(("linear", JsonValue.EmptyObject))),
                ("limit", JsonValue.Object(("attempt", Chance(2) ? JsonValue.Object(("count", 2)) : JsonValue.Object(("count", 3), ("duration", "PT4S")))))));
        }
        if (Chance(2) || handler["retry"] is null) handler = handler.With("do", List(depth + 1, "exit"));
        return JsonValue.Object(("try", List(depth + 1, "exit")), ("catch", handler));
    }

    private JsonValue Target(string[] after, string last) => _random.Next(6) switch
    {
        0 => Chance(3) ? "end" : last,
        1 => "continue",
        _ => after.Length == 0 ? "continue" : after[_random.Next(after.Length)],
    };

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;
}
