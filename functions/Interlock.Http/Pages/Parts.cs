using System.Globalization;
using Interlock.Core.Runs;

namespace Interlock.Http.Pages;

/// <summary>Small things that several pages show.</summary>
internal static class Parts
{
    public static Html Time(DateTimeOffset time)
    {
        var utc = time.UtcDateTime;
        return Html.Of($"""<time datetime="{utc.ToString("O", CultureInfo.InvariantCulture)}">{utc.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC</time>""");
    }

    /// <summary>A span of time in its two largest units: <c>3 h 20 min</c>.</summary>
    public static string Span(TimeSpan span)
    {
        if (span < TimeSpan.FromSeconds(1)) return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (long)span.TotalMilliseconds)} ms");
        if (span < TimeSpan.FromMinutes(1)) return string.Create(CultureInfo.InvariantCulture, $"{span.Seconds} s");
        if (span < TimeSpan.FromHours(1)) return string.Create(CultureInfo.InvariantCulture, $"{span.Minutes} min {span.Seconds} s");
        if (span < TimeSpan.FromDays(1)) return string.Create(CultureInfo.InvariantCulture, $"{span.Hours} h {span.Minutes} min");
        return string.Create(CultureInfo.InvariantCulture, $"{span.Days} d {span.Hours} h");
    }

    public static Html Status(string status)
    {
        var tone = status switch
        {
            "completed" or "approved" => "good",
            "faulted" or "rejected" or "refused" or "failed" => "bad",
            "cancelled" or "expired" or "withdrawn" or "suspended" or "compensating" or "returned" or "unknown" or "void" or "edited" or "drifted" => "warn",
            _ => "live",
        };
        return Html.Of($"""<span class="status {tone}">{status}</span>""");
    }

    /// <summary>A table that scrolls by itself where it is wider than the page, by keyboard too.</summary>
    public static Html Scroll(string label, Html table) => Html.Of($"""<div class="scroll" role="region" tabindex="0" aria-label="{label}">{table}</div>""");

    public static Html RunTable(IReadOnlyList<RunSummary> runs) => runs.Count == 0 ? Html.Of($"""<p class="dim">No runs yet.</p>""") : Scroll("Table of runs", Html.Of($"""
        <table>
        <thead><tr><th scope="col">Run</th><th scope="col">Workflow</th><th scope="col">Status</th><th scope="col">Started</th><th scope="col">Took</th></tr></thead>
        <tbody>{Html.Join(runs.Select(RunRow))}</tbody>
        </table>
        """));

    private static Html RunRow(RunSummary run) => Html.Of($"""
        <tr><td><a class="id" href="/runs/{run.Id.Value}">{run.Id.Value[..Math.Min(8, run.Id.Value.Length)]}</a></td><td>{run.Workflow} <small>{run.Version}</small></td><td>{Status(run.Status)}</td><td>{Time(run.StartedAt)}</td><td>{Span(run.UpdatedAt - run.StartedAt)}</td></tr>
        """);
}
