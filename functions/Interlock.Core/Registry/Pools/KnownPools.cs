using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Registry.Pools;

/// <summary>What autonomous steps ask for, and agents that would choose on their own, beside a registry. The pool is resolved again when the step begins.</summary>
internal static class KnownPools
{
    private const int MaxNamed = 5;
    private const int MaxDescribed = 20;

    /// <summary>For each thing that the step names what is to be said of it, or null, and whether there is something to choose or to call.</summary>
    public static IEnumerable<(string Pointer, (string? Said, bool IsThere) Answer)> Asked(AutonomousTask task, RegistrySnapshot registry)
    {
        var at = task.Path.Value + "/with";
        yield return (at + "/planner", Chat(registry, task.Planner, task.PlannerVersion));
        if (task.Context?.Summarizer is { } summarizer) yield return (at + "/context/summarizer", Chat(registry, summarizer, null));
        foreach (var one in Items(task.Pool.Tools, $"{at}/pool/tools", name => new() { Tools = [name] }, registry)) yield return one;
        foreach (var one in Items(task.Pool.Agents, $"{at}/pool/agents", name => new() { Agents = [name] }, registry)) yield return one;
        foreach (var one in Items(task.Pool.Workflows, $"{at}/pool/workflows", name => new() { Workflows = [name] }, registry)) yield return one;
        if (PoolResolver.Resolve(task.Pool, registry).Over is > 0 and var over)
            yield return (at + "/pool", ($"the pool comes to {PoolResolver.MaxMembers + over} members, of which the last {over} are left out: it holds {PoolResolver.MaxMembers}", true));
    }

    /// <summary>What each pool of the document comes to, in words.</summary>
    public static ImmutableDictionary<TaskPath, string> Described(WorkflowReadResult read, RegistrySnapshot registry) =>
        read.Draft?.AllTasks.Values.OfType<AutonomousTask>().ToImmutableDictionary(task => task.Path, task => Described(PoolResolver.Resolve(task.Pool, registry)))
        ?? ImmutableDictionary<TaskPath, string>.Empty;

    /// <summary>A finding (<c>mode</c>) for each agent that a supervised document calls and that would choose calls of its own: its path would not be known before the start.</summary>
    public static IEnumerable<Finding> Planners(WorkflowReadResult read, WorkflowDefinition draft, RegistrySnapshot registry)
    {
        if (draft.Mode == ExecutionMode.Autonomous) yield break;
        foreach (var call in draft.AllTasks.Values.OfType<AgentTask>())
        {
            if (registry.Resolve(RegistryKind.Agent, call.Target, call.Version) is not Resolution.Found { Entry: var entry }) continue; // an endpoint is no agent's name
            if (entry.As<AgentBody>().Settings is { Protocol: AgentProtocol.Chat, Pool.IsEmpty: false })
                yield return read.Finding(call.Path.Value + "/with", Severity.Error, "mode", $"the agent '{call.Target}' chooses calls from a pool of its own, so the path is not known before the start; write mode: autonomous under document.metadata.interlock, or call an agent without a pool");
        }
    }

    private static IEnumerable<(string, (string?, bool))> Items(ImmutableArray<string> asked, string at, Func<string, PoolRequest> request, RegistrySnapshot registry) =>
        asked.Select((name, i) => (JsonPointer.Append(at, i), Item(PoolResolver.Resolve(request(name), registry))));

    private static (string?, bool) Item(PoolChoices choices) => choices switch
    {
        { Chosen.IsEmpty: true } => (choices.Excluded[0].Why, false), // what chooses nothing says why
        { Excluded: [var first, ..] } => ($"left out: {string.Join("; ", choices.Excluded.Take(MaxNamed).Select(one => $"{one.Target} ({one.Why})"))}{(choices.Excluded.Length > MaxNamed ? $"; and {choices.Excluded.Length - MaxNamed} more" : "")}", true),
        _ => (null, true),
    };

    private static (string?, bool) Chat(RegistrySnapshot registry, string name, string? version)
    {
        var resolved = KnownTargets.Resolved(registry, RegistryKind.Agent, name, version);
        return registry.Resolve(RegistryKind.Agent, name, version) is Resolution.Found { Entry: var entry } && entry.As<AgentBody>().Settings.Protocol != AgentProtocol.Chat
            ? ($"'{name}' is no chat agent", false)
            : resolved;
    }

    private static string Described(PoolChoices choices)
    {
        var kinds = choices.Chosen.GroupBy(one => one.Kind).Select(kind => $"{kind.Count()} {kind.Key.ToString().ToLowerInvariant()}{(kind.Count() == 1 ? "" : "s")}");
        var named = choices.Chosen.Take(MaxDescribed).Select(one => $"{one.Target} {one.Entry.Version}");
        return choices.Chosen.IsEmpty
            ? "nothing"
            : $"{string.Join(", ", kinds)} ({string.Join(", ", named)}{(choices.Chosen.Length > MaxDescribed ? $" and {choices.Chosen.Length - MaxDescribed} more" : "")})";
    }
}
