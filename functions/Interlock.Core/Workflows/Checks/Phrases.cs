using Interlock.Core.Agents;
using Interlock.Core.Endpoints;
using Interlock.Core.Policy;
using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Core.Workflows.Checks;

/// <summary>What reports call the parts of a document.</summary>
internal static class Phrases
{
    private const decimal Micro = 1_000_000;

    /// <summary>What a call names, as it is written; of an endpoint that is computed only that what is registered there is called.</summary>
    public static string Named(EffectTask call) => EndpointTarget.TryParse(call.Target) switch
    {
        EndpointTarget.Http http => $"{http.Method} {Written(call.Source["with"]?["endpoint"])}",
        EndpointTarget.Mcp mcp => $"{mcp.Name} at {mcp.Url}",
        EndpointTarget.A2a agent => $"the agent at {agent.Url}",
        _ => call.Target,
    };

    public static string People(int quorum, IEnumerable<Approver> approvers, IEnumerable<ApproverRequirement> also) => string.Join(" and ",
        also.Select(more => (more.Quorum, Approvers: more.Approvers.AsEnumerable())).Prepend((quorum, approvers))
            .Select(one => $"{one.Item1} of {string.Join(", ", one.Item2.Select(approver => approver.ToString()))}"));

    public static string People(StepEscalation people) => People(people.Quorum, people.Approvers, people.Also);

    /// <summary>All that bounds a loop, whether it is written or not.</summary>
    public static string Limits(AgentLimits limits) => string.Join(", ", new[]
    {
        $"{limits.Steps:N0} turns",
        $"{limits.Calls:N0} calls",
        limits.Tokens is { } tokens ? $"{tokens:N0} tokens" : null,
        limits.Cost is { } cost ? FormattableString.Invariant($"a cost of {cost / Micro}") : null,
        limits.Time is { } time ? $"a time of {time}" : null,
        $"{limits.ConsecutiveFailures:N0} failures in a row",
        $"{limits.Repeats:N0} times the same call",
    }.OfType<string>());

    public static IEnumerable<string> Members(PoolRequest pool) => pool.Tools.Concat(pool.Agents.Select(agent => $"the agent {agent}")).Concat(pool.Workflows.Select(workflow => $"the workflow {workflow}"));

    public static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string Written(JsonValue? endpoint)
    {
        var uri = endpoint?["uri"] ?? endpoint;
        return ExpressionReader.IsExpression(uri) ? "of a registered endpoint (computed)" : uri?.StringOrNull() ?? "";
    }
}
