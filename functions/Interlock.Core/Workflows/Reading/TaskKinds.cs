using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>
/// Says of each task which kind it is, before any schema looks at it: a schema would answer an unknown kind with a failure of every
/// kind there is.
/// </summary>
internal static class TaskKinds
{
    /// <summary>How many tasks a document may hold; keeps every check of pairs of tasks bounded.</summary>
    public const int MaxTasks = 1000;

    private static readonly string[] Processes = ["container", "script", "shell"];

    private static readonly string[] Kinds = ["call", "do", "for", "fork", "raise", "set", "switch", "try", "wait", "emit", "listen", "run"];

    private static readonly string[] Calls = ["tool", "agent", "approval", "autonomous", "http", "mcp", "a2a"];

    private static readonly Dictionary<string, string> NotCalled = new(StringComparer.Ordinal)
    {
        ["openapi"] = "its document would be fetched at run time, and could change; register the endpoint and use call: http, or put an MCP server in front of it",
        ["asyncapi"] = "no broker's protocol is spoken; publish with emit, wait with listen, or use call: http at a registered endpoint",
        ["grpc"] = "gRPC is not spoken; put an MCP server or a JSON transcoder in front of the service, register that, and use call: tool or call: http",
    };

    /// <summary>The member that makes the task what it is, or null when none or several do.</summary>
    public static string? Of(JsonValue task)
    {
        string? found = null;
        foreach (var kind in Kinds)
        {
            if (task[kind] is null || (kind == "do" && task["for"] is not null)) continue;
            if (found is not null) return null;
            found = kind;
        }
        return found;
    }

    public static bool IsCall(JsonValue task, string function) => task["call"]?.StringOrNull() == function;

    /// <summary>Reports every task that is of no kind, of several, of an unknown call, or of a kind that is not run.</summary>
    public static void Check(JsonValue document, FindingLog log)
    {
        var count = 0;
        var functions = Functions(document, log);
        foreach (var (name, function) in functions)
            if (function.IsObject) CheckTask(function, JsonPointer.Append("/use/functions", name), functions, log, ref count);
        if (document["do"] is { } list) CheckList(list, "/do", functions, log, ref count);
        if (count > MaxTasks) log.Error("schema", "/do", $"the document has {count:N0} tasks; at most {MaxTasks:N0} are allowed: split it into several workflows");
    }

    /// <summary>What is defined under <c>use.functions</c>; a name that is ours means ours.</summary>
    private static JsonMembers Functions(JsonValue document, FindingLog log)
    {
        var functions = document["use"]?["functions"] is { IsObject: true } all ? all : JsonValue.EmptyObject;
        foreach (var name in functions.Members.Names.Where(name => Calls.Contains(name) || NotCalled.ContainsKey(name)))
            log.Error("reference", JsonPointer.Append("/use/functions", name), $"'{name}' is a call of the language; give the function another name");
        return functions.Members;
    }

    private static void CheckList(JsonValue list, string pointer, JsonMembers functions, FindingLog log, ref int count)
    {
        if (!list.IsArray) return;
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is not { IsObject: true } item) continue;
            foreach (var (name, task) in item.Members)
            {
                count++;
                if (task.IsObject) CheckTask(task, JsonPointer.Append(JsonPointer.Append(pointer, i), name), functions, log, ref count);
            }
        }
    }

    private static void CheckTask(JsonValue task, string pointer, JsonMembers functions, FindingLog log, ref int count)
    {
        var kind = Of(task);
        switch (kind)
        {
            case null:
                log.Error("schema", pointer, Several(task));
                break;
            case "run":
                CheckRun(task["run"]!, JsonPointer.Append(pointer, kind), log); // its kind says it is there
                break;
            case "call" when task["call"]?.StringOrNull() is { } function:
                CheckCall(function, JsonPointer.Append(pointer, "call"), functions, log);
                break;
            default:
                foreach (var (path, list) in Lists(task)) CheckList(list, pointer + path, functions, log, ref count);
                break;
        }
    }

    /// <summary>The task lists directly in a task, with where they stand in it.</summary>
    private static IEnumerable<(string Path, JsonValue List)> Lists(JsonValue task)
    {
        if (task["do"] is { } block) yield return ("/do", block);
        if (task["fork"]?["branches"] is { } branches) yield return ("/fork/branches", branches);
        if (task["try"] is { } attempt) yield return ("/try", attempt);
        if (task["catch"]?["do"] is { } handler) yield return ("/catch/do", handler);
        if (task["foreach"]?["do"] is { } each) yield return ("/foreach/do", each);
    }

    /// <summary>Processes would run beside the gateway: nothing of what they do is asked for, granted or recorded.</summary>
    private static void CheckRun(JsonValue run, string pointer, FindingLog log)
    {
        foreach (var process in Processes.Where(process => run[process] is not null))
        {
            log.Error("unsupported", pointer,
                $"run: {process} is not run: what a process does passes no gateway, gate or record; register a tool that does it, and use call: tool");
        }
    }

    private static void CheckCall(string function, string pointer, JsonMembers functions, FindingLog log)
    {
        if (Calls.Contains(function) || functions.Contains(function)) return;
        if (NotCalled.TryGetValue(function, out var instead)) log.Error("unsupported", pointer, $"call: {function} is not run: {instead}");
        else if (function.Contains('@') || function.Contains("://", StringComparison.Ordinal)) log.Error("unsupported", pointer, "functions of catalogs are not fetched: nothing is run that nobody approved; write the function under use.functions");
        else log.Error("unknown-call", pointer, $"unknown call '{Quote.Short(function)}'; known: {string.Join(", ", Calls)} and what stands under use.functions{(functions.Count == 0 ? "" : $" ({string.Join(", ", functions.Names.Take(10).Select(Quote.Short))})")}");
    }

    private static string Several(JsonValue task)
    {
        var found = Kinds.Where(kind => task[kind] is not null).ToArray();
        var known = "call, do, emit, for, fork, listen, raise, run, set, switch, try or wait";
        return found.Length > 1
            ? $"a task is one of {known}; this one has {string.Join(" and ", found)}"
            : $"a task has one of {known}; this one has {(task.Count == 0 ? "nothing" : "only " + string.Join(", ", task.Members.Names.Select(Quote.Short).Take(10)))}";
    }
}
