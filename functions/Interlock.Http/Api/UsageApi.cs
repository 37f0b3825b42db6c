using System.Globalization;
using System.Text;
using Interlock.Core;
using Interlock.Core.Gateway.Usage;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>What was used, for billing: counted from the audit up to the moment of asking.</summary>
internal static class UsageApi
{
    private const decimal Micro = 1_000_000;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(400);

    public static async Task<ApiResult> GetAsync(ApiRequest request)
    {
        var now = request.Web.Time.GetUtcNow();
        if (Time(request.Query("from"), now.AddDays(-30)) is not { } since || Time(request.Query("to"), now) is not { } until || since > until || until - since > Longest)
            return Invalid("from and to are times such as 2026-03-03T08:00:00Z, at most 400 days apart.");
        if (Group(request.Query("by") ?? "caller") is not { } group) return Invalid("by is caller, tool, run, workflow, day or tenant.");
        var rollup = request.Web.Gateway.Usage;
        await rollup.UpdateAsync(request.Caller.Tenant, request.Aborted);
        var sums = new SortedDictionary<string, Usage>(StringComparer.Ordinal);
        await foreach (var usage in rollup.ReadAsync(request.Caller.Tenant, since, until, request.Aborted))
            sums[group(usage)] = sums.TryGetValue(group(usage), out var sum) ? sum.Plus(usage) : usage;
        return (request.Query("format") ?? "json") switch
        {
            "json" => ApiResult.Ok(JsonValue.Object(("from", Usage.HourOf(since)), ("to", Usage.HourOf(until)), ("usage", JsonValue.Array(sums.Select(sum => Json(sum.Key, sum.Value)))))),
            "csv" => ApiResult.Download("text/csv; charset=utf-8", "usage.csv", Csv(sums)),
            _ => Invalid("format is json or csv."),
        };
    }

    private static Func<Usage, string>? Group(string by) => by switch
    {
        "caller" => usage => usage.Caller,
        "tool" => usage => usage.Tool,
        "run" => usage => usage.Run ?? "",
        "workflow" => usage => usage.Workflow ?? "",
        "day" => usage => usage.Hour[..10],
        "tenant" => _ => "",
        _ => null,
    };

    private static JsonValue Json(string key, Usage sum) => JsonValue.Object(
        ("key", key), ("calls", sum.Calls), ("failures", sum.Failures), ("unknown", sum.Unknown), ("refusals", sum.Refusals), ("durationMs", sum.DurationMs), ("bytes", sum.Bytes),
        ("inputTokens", sum.InputTokens), ("outputTokens", sum.OutputTokens), ("cost", (double)(sum.Cost / Micro)));

    private static byte[] Csv(IEnumerable<KeyValuePair<string, Usage>> sums)
    {
        var csv = new StringBuilder("key,calls,failures,unknown,refusals,durationMs,bytes,cost,inputTokens,outputTokens\r\n");
        foreach (var (key, sum) in sums)
            csv.Append(CultureInfo.InvariantCulture, $"{Cell(key)},{sum.Calls},{sum.Failures},{sum.Unknown},{sum.Refusals},{sum.DurationMs},{sum.Bytes},{sum.Cost / Micro},{sum.InputTokens},{sum.OutputTokens}\r\n");
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    /// <summary>Quoted, and no formula whatever it begins with: a caller or tool may be named like one.</summary>
    private static string Cell(string text)
    {
        var isFormula = text.TrimStart() is ['=' or '+' or '-' or '@' or '\uff1d' or '\uff0b' or '\uff0d' or '\uff20', ..] || text is ['\t' or '\r' or '\n', ..];
        return $"\"{(isFormula ? "'" : "")}{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static DateTimeOffset? Time(string? text, DateTimeOffset standard) =>
        text is null ? standard : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static ApiResult Invalid(string what) => ApiResult.Fail(new Problem(ProblemTypes.Validation, 400, "The query can't be answered", what) { Stage = "http", Rule = "query" });
}
