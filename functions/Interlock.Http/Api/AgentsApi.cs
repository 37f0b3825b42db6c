using Interlock.Core.Gateway.Usage;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>What versions of agents did, counted from the audit up to the moment of asking.</summary>
internal static class AgentsApi
{
    private const decimal Micro = 1_000_000;
    private const int MostDays = 400;
    private const int StandardDays = 30;

    public static async Task<ApiResult> HistoryAsync(ApiRequest request)
    {
        var (tenant, name) = (request.Caller.Tenant, request.Part("name"));
        var registry = await request.Web.Registry.ReadAsync(tenant, request.Aborted);
        var versions = registry.OfKind(RegistryKind.Agent).Where(entry => entry.Name == name).ToDictionary(entry => entry.Version, StringComparer.Ordinal);
        if (versions.Count == 0) return ApiResult.NotFound("There is no such agent.");
        var history = request.Web.Gateway.Agents;
        await history.UpdateAsync(tenant, request.Aborted);
        var since = AgentDay.DayOf(request.Web.Time.GetUtcNow().AddDays(1 - request.Number("days", StandardDays, MostDays)));
        var days = await history.ReadAsync(tenant, name, request.Aborted).Where(day => string.CompareOrdinal(day.Day, since) >= 0).ToListAsync(request.Aborted);
        return ApiResult.Ok(JsonValue.Object(("agent", name), ("versions", JsonValue.Array(
            days.GroupBy(day => day.Version).OrderByDescending(group => SemanticVersion.TryParse(group.Key)).Select(group => Version(group.Key, versions.GetValueOrDefault(group.Key), [.. group]))))));
    }

    private static JsonValue Version(string version, RegistryEntry? entry, List<AgentDay> days) => Sum(days.Aggregate((one, other) => one.Plus(other)))
        .With("version", version)
        .With("lifecycle", entry is null ? JsonValue.Null : entry.Lifecycle.ToString().ToLowerInvariant())
        .With("days", JsonValue.Array(days.Select(day => Sum(day).With("day", day.Day))));

    private static JsonValue Sum(AgentDay sum) => JsonValue.Object(
        ("calls", sum.Calls), ("failures", sum.Failures), ("unknown", sum.Unknown),
        ("success", sum.Calls > 0 ? (double)(sum.Calls - sum.Failures - sum.Unknown) / sum.Calls : JsonValue.Null),
        ("meanMs", sum.Calls > 0 ? (double)sum.DurationMs / sum.Calls : JsonValue.Null),
        ("inputTokens", sum.InputTokens), ("outputTokens", sum.OutputTokens), ("cost", (double)(sum.Cost / Micro)),
        ("conversations", sum.Conversations), ("choices", sum.Choices), ("refused", sum.Refused), ("asked", sum.Asked), ("overridden", sum.Overridden));
}
