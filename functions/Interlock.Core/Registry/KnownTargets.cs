using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>
/// Whether what a document calls is in a registry now. What is missing can still be registered before the first call, and what is there can be retired:
/// the gateway asks again at every call, so for publishing a miss is a warning, and an error only where somebody asked for the comparison.
/// </summary>
public static class KnownTargets
{
    public const string Rule = "target";

    /// <summary>A finding for each call that would be refused now, and a warning for each that would go to a successor.</summary>
    public static IReadOnlyList<Finding> Check(WorkflowReadResult read, RegistrySnapshot registry, Severity severity)
    {
        var findings = new List<Finding>();
        foreach (var (pointer, kind, name, version) in read.Draft?.AllTasks.Values.SelectMany(Named) ?? [])
        {
            var (said, found) = Ask(registry, kind, name, version);
            if (said is null) continue;
            var place = read.Map.Nearest(pointer).Key;
            findings.Add(new Finding(read.File, place.Line, place.Column, pointer, found ? Severity.Warning : severity, Rule, said));
        }
        return [.. findings.OrderBy(finding => finding.Line).ThenBy(finding => finding.Pointer, StringComparer.Ordinal)];
    }

    private static IEnumerable<(string Pointer, RegistryKind Kind, string Name, string? Version)> Named(TaskDefinition task)
    {
        if (task is RunTask child) yield return (task.Path.Value + "/run/workflow", RegistryKind.Workflow, child.Workflow.ToString(), child.Version == "latest" ? null : child.Version);
        if (task is not EffectTask call) yield break;
        yield return (Place(call), call is AgentTask ? RegistryKind.Agent : RegistryKind.Tool, call.Target, call.Version);
        if (call.Compensate is { } undo) yield return (undo.Path + "/tool", RegistryKind.Tool, undo.Tool, null);
    }

    private static string Place(EffectTask call) => JsonPointer.Append(call.Path.Value + "/with", call switch
    {
        AgentTask => "agent",
        _ when VirtualTarget.TryParse(call.Target) is { } asked => asked.IsRoute ? "route" : "capability",
        _ => "tool",
    });

    /// <summary>What is to be said of it, or null; and whether a call would reach something.</summary>
    private static (string? Said, bool Found) Ask(RegistrySnapshot registry, RegistryKind kind, string name, string? version)
    {
        if (kind == RegistryKind.Tool && VirtualTarget.TryParse(name) is { } asked)
        {
            if (registry.Newest(RegistryKind.Route, asked.Name) is not null) return (null, true);
            if (asked.IsRoute) return ($"there is no active route '{asked.Name}'", false);
            var isKnown = registry.OfKind(RegistryKind.Tool).Any(tool => tool.Lifecycle == Lifecycle.Active && tool.As<ToolBody>().Settings.Capabilities.Contains(asked.Name));
            return (isKnown ? null : $"no active tool has the capability '{asked.Name}'", isKnown);
        }
        return registry.Resolve(kind, name, version) switch
        {
            Resolution.Refused refused => (refused.Detail.TrimEnd('.'), false),
            Resolution.Found { RepinnedFrom: { } old, Entry: var entry } => ($"'{name}' {old.Version} is deprecated: calls go to {entry.Version}", true),
            _ => (null, true),
        };
    }
}
