using System.Text.RegularExpressions;
using Interlock.Core.Endpoints;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Registry.Pools;
using Interlock.Core.Workflows;
using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>
/// Whether what a document calls is in a registry now. What is missing can still be registered before the first call, and what is there can be retired:
/// the gateway asks again at every call, so for publishing a miss is a warning, and an error only where somebody asked for the comparison. An endpoint that is computed is not looked for.
/// </summary>
public static partial class KnownTargets
{
    public const string Rule = "target";

    /// <summary>The document with what a registry says of it: a finding for each call that would be refused now, warnings, and what its pools come to.</summary>
    public static WorkflowReadResult Compare(WorkflowReadResult read, RegistrySnapshot registry, Severity severity) => read with
    {
        Findings = [.. read.Findings, .. Check(read, registry, severity)],
        Pools = KnownPools.Described(read, registry),
    };

    /// <summary>A finding for each call that would be refused now, and a warning for each that would go to a successor.</summary>
    public static IReadOnlyList<Finding> Check(WorkflowReadResult read, RegistrySnapshot registry, Severity severity)
    {
        if (read.Draft is not { } draft) return [];
        var known = draft.AllTasks.Values.SelectMany(task => Asked(task, registry)).Where(one => one.Answer.Said is not null)
            .Select(one => read.Finding(one.Pointer, one.Answer.IsThere ? Severity.Warning : severity, Rule, one.Answer.Said!)); // just tested
        return [.. known.Concat(KnownPools.Planners(read, draft, registry)).OrderBy(finding => finding.Line).ThenBy(finding => finding.Pointer, StringComparer.Ordinal)];
    }

    /// <summary>For each thing the task names what is to be said of it, or null, and whether a call would reach something.</summary>
    private static IEnumerable<(string Pointer, (string? Said, bool IsThere) Answer)> Asked(TaskDefinition task, RegistrySnapshot registry)
    {
        if (task is AutonomousTask loop)
        {
            foreach (var one in KnownPools.Asked(loop, registry)) yield return one;
        }
        if (task is RunTask child) yield return (task.Path.Value + "/run/workflow", Resolved(registry, RegistryKind.Workflow, child.Workflow.ToString(), child.Version));
        if (task is not EffectTask call) yield break;
        yield return (EndpointTarget.TryParse(call.Target), VirtualTarget.TryParse(call.Target)) switch
        {
            ({ } endpoint, _) => (Place(call, endpoint is EndpointTarget.Http ? "endpoint" : "parameters"), At(registry, endpoint, call)),
            (_, { } led) => (Place(call, led.IsRoute ? "route" : "capability"), Led(registry, led)),
            _ when call is AgentTask => (Place(call, "agent"), Resolved(registry, RegistryKind.Agent, call.Target, call.Version)),
            _ => (Place(call, "tool"), Resolved(registry, RegistryKind.Tool, call.Target, call.Version)),
        };
        if (call.Compensate is { } undo) yield return (undo.Path + "/tool", Resolved(registry, RegistryKind.Tool, undo.Tool, null));
    }

    private static string Place(EffectTask call, string member) => JsonPointer.Append(call.Path.Value + "/with", member);

    private static (string?, bool) At(RegistrySnapshot registry, EndpointTarget asked, EffectTask call)
    {
        var url = asked switch
        {
            EndpointTarget.Mcp mcp => mcp.Url,
            EndpointTarget.A2a a2a => a2a.Url,
            _ => Written(call.Source["with"]?["endpoint"]),
        };
        if (url is null || EndpointUri.Read(url).Uri is not { } endpoint) return (null, true);
        var found = EndpointRouter.Find(asked, endpoint, JsonValue.EmptyObject, registry);
        if (found.Refusal is { Rule: EndpointRouter.Unregistered } refusal) return (refusal.Detail.TrimEnd('.'), false);
        if (found.Value is not { } name || asked is EndpointTarget.Mcp { Name: var operation } && operation.Contains(':')) return (null, true);
        return Resolved(registry, asked is EndpointTarget.A2a ? RegistryKind.Agent : RegistryKind.Tool, name, null);
    }

    /// <summary>An endpoint with a letter for each name in braces; null where it is an expression.</summary>
    private static string? Written(JsonValue? endpoint)
    {
        var uri = endpoint?["uri"] ?? endpoint;
        return uri?.StringOrNull() is { } text && !ExpressionReader.IsExpression(uri) ? Braces().Replace(text, "x") : null;
    }

    private static (string?, bool) Led(RegistrySnapshot registry, VirtualTarget asked)
    {
        if (registry.Newest(RegistryKind.Route, asked.Name) is not null) return (null, true);
        if (asked.IsRoute) return ($"there is no active route '{asked.Name}'", false);
        var isKnown = registry.OfKind(RegistryKind.Tool).Any(tool => tool.Lifecycle == Lifecycle.Active && tool.As<ToolBody>().Settings.Capabilities.Contains(asked.Name));
        return (isKnown ? null : $"no active tool has the capability '{asked.Name}'", isKnown);
    }

    internal static (string? Said, bool IsThere) Resolved(RegistrySnapshot registry, RegistryKind kind, string name, string? version) => registry.Resolve(kind, name, version) switch
    {
        Resolution.Refused refused => (refused.Detail.TrimEnd('.'), false),
        Resolution.Found { RepinnedFrom: { } old, Entry: var entry } => ($"'{name}' {old.Version} is deprecated: calls go to {entry.Version}", true),
        _ => (null, true),
    };

    [GeneratedRegex(@"\{[^{}]*\}", RegexOptions.CultureInvariant)]
    private static partial Regex Braces();
}
