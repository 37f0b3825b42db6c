using System.Collections.Immutable;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Core.Gateway.Routing;

/// <summary>
/// From a capability or a route to the one tool that a call goes to: those that answer and that no rule avoids, of these the preferred ones, and of those by weight and
/// what the route sticks to. The same call goes the same way as long as these are the same; a repeat goes where it went, or nowhere.
/// </summary>
internal static class Router
{
    private const int MaxNamed = 20;

    /// <param name="call">The call; one that was led before keeps its tool.</param>
    /// <param name="asked">What it names.</param>
    /// <param name="registry">The registry as it is.</param>
    /// <param name="takesCalls">Whether an address of a server takes calls now; null where that plays no part: people approved a target, not a moment.</param>
    public static Lead Run(GatewayCall call, VirtualTarget asked, RegistrySnapshot registry, Func<RegistryEntry, bool>? takesCalls)
    {
        var resolution = registry.Resolve(RegistryKind.Route, asked.Name, null);
        if (resolution is Resolution.Refused refused && (asked.IsRoute || refused.Rule != "unknown"))
            return Refuse([], refused.Rule == "unknown" ? "unknown-route" : refused.Rule, refused.Status, refused.Detail);
        var plan = RoutePlan.Of(resolution is Resolution.Found route ? route.Entry.As<RouteBody>() : Having(asked.Name, registry));
        var capability = asked.IsRoute ? null : asked.Name;
        ImmutableArray<LeadCandidate> candidates = [.. plan.Body.Targets.Select(target => Candidate(target, capability, registry))];
        if (candidates.IsEmpty) return Refuse([], "unknown-capability", 404, $"No active tool has the capability '{asked.Name}'.");

        var input = new Lazy<JsonValue>(() => Input(call, asked));
        foreach (var (rule, at) in plan.Avoid.Select((rule, at) => (rule, at)))
        {
            var (holds, why) = Condition.Evaluate(rule.When, input, default);
            if (holds is null) return Failed(candidates, "avoid", at, why);
            if (holds.Value) candidates = Out(candidates, candidate => rule.Concerns(candidate.Target.Tool), $"avoided by the route's rule avoid/{at}");
        }
        if (call.Via is not null) return Again(call, asked, candidates);
        if (takesCalls is not null)
            candidates = [.. candidates.Select(one => one is { LeftOut: null, Entry: { } entry } && Server(entry, registry) is { } server && !takesCalls(server)
                ? one with { LeftOut = "no address of its server takes calls now", IsAway = true } : one)];
        foreach (var (rule, at) in plan.Prefer.Select((rule, at) => (rule, at)))
        {
            var (holds, why) = Condition.Evaluate(rule.When, input, default);
            if (holds is null) return Failed(candidates, "prefer", at, why);
            if (!holds.Value || !candidates.Any(one => one.LeftOut is null && rule.Concerns(one.Target.Tool))) continue;
            candidates = Out(candidates, candidate => !rule.Concerns(candidate.Target.Tool), $"the route's rule prefer/{at} prefers others");
            break;
        }
        var key = Key(call, plan.Body.Sticky);
        var taken = candidates.Where(one => one.LeftOut is null).MaxBy(one => Rendezvous.Score(asked.Name, key, one.Target.ToString(), one.Target.Weight));
        return taken is null ? Nowhere(asked, candidates) : new Lead(candidates, taken, null);
    }

    /// <summary>Of a capability without a route: the active tools that have it, all alike.</summary>
    private static RouteBody Having(string capability, RegistrySnapshot registry) => new(
        [.. registry.OfKind(RegistryKind.Tool).Where(tool => tool.Lifecycle == Lifecycle.Active && Has(tool, capability)).Select(tool => tool.Name).Distinct().Order(StringComparer.Ordinal).Select(tool => new RouteTarget(tool))]);

    private static bool Has(RegistryEntry tool, string capability) => tool.As<ToolBody>().Settings.Capabilities.Contains(capability);

    private static LeadCandidate Candidate(RouteTarget target, string? capability, RegistrySnapshot registry) => registry.Resolve(RegistryKind.Tool, target.Tool, target.Version) switch
    {
        Resolution.Refused refused => new(target, null, refused.Detail),
        Resolution.Found { Entry: var entry } when capability is not null && !Has(entry, capability) => new(target, entry, $"it does not have the capability '{capability}'"),
        Resolution.Found { Entry: var entry } when Server(entry, registry) is null => new(target, entry, "its server is not active"),
        Resolution.Found { Entry: var entry } when target.Weight == 0 => new(target, entry, "its weight is 0"),
        Resolution.Found { Entry: var entry } => new(target, entry, null),
        var other => throw new InvalidOperationException($"Unexpected {other.GetType().Name}."),
    };

    private static RegistryEntry? Server(RegistryEntry tool, RegistrySnapshot registry) =>
        (registry.Resolve(RegistryKind.Server, tool.Name[..tool.Name.IndexOf('/')], null) as Resolution.Found)?.Entry;

    private static ImmutableArray<LeadCandidate> Out(ImmutableArray<LeadCandidate> candidates, Func<LeadCandidate, bool> which, string why) =>
        [.. candidates.Select(one => one.LeftOut is null && which(one) ? one with { LeftOut = why } : one)];

    /// <summary>Preference and circuits decided once; whether it may be called decides each time.</summary>
    private static Lead Again(GatewayCall call, VirtualTarget asked, ImmutableArray<LeadCandidate> candidates)
    {
        var before = candidates.FirstOrDefault(one => one.Target.Tool == call.Target && one.Target.Version == call.Version);
        return before is { LeftOut: null }
            ? new Lead(candidates, before, null)
            : Refuse(candidates, "no-route", 409, $"'{asked}' led this call to {call.Target} and does so no more: {before?.LeftOut ?? "it is none of its targets"}.");
    }

    /// <summary>What the call has in common with those that go the same way.</summary>
    private static string Key(GatewayCall call, Stickiness sticky) => (sticky, call.Site) switch
    {
        (Stickiness.Run, { } site) => $"run:{site.Run}",
        (Stickiness.None, { } site) => $"call:{site.Run}:{site.Frame}",
        (Stickiness.None, null) => $"call:{call.Effect}",
        _ => $"caller:{call.Chain.Starter.Subject}",
    };

    /// <summary>What policy rules see, but for the time and what is only known once there is a target.</summary>
    private static JsonValue Input(GatewayCall call, VirtualTarget asked) =>
        Condition.Input(new PolicyRequest(call.Chain, call.Kind, asked.ToString(), "", call.Arguments, default, call.Site?.Workflow.Name, call.Site?.Task)).Without("now");

    private static Lead Failed(ImmutableArray<LeadCandidate> candidates, string list, int at, string why) =>
        Refuse(candidates, "route-error", 403, $"The condition of the route's rule {list}/{at} {why}; the route must be corrected.");

    private static Lead Nowhere(VirtualTarget asked, ImmutableArray<LeadCandidate> candidates)
    {
        var named = string.Join("; ", candidates.Take(MaxNamed).Select(one => $"{one.Target}: {one.LeftOut}"));
        var rest = candidates.Length > MaxNamed ? $"; and {candidates.Length - MaxNamed} more" : "";
        return Refuse(candidates, "no-route", candidates.Any(one => one.IsAway) ? 503 : 403, $"'{asked}' leads nowhere now: {named}{rest}");
    }

    private static Lead Refuse(ImmutableArray<LeadCandidate> candidates, string rule, int status, string detail) => new(candidates, null, new Refusal(ResolveStage.Name, rule, status, detail));
}
