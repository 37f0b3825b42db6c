using Interlock.Core.Audit;

namespace Interlock.Http.Pages.Review;

/// <summary>What the run has done so far: steps, how they ended and when. No data: whoever is asked to decide may see it.</summary>
internal static class StepsSection
{
    /// <summary>Whether the record is of what the run did; who tried in vain to decide on its gates did nothing of it.</summary>
    public static bool IsStep(AuditRecord record) => record is { Type: AuditTypes.CallOutcome or AuditTypes.GateClosed } or { Type: AuditTypes.CallRefused, Stage: not "decision" };

    public static Html Render(ReviewView view) => Html.Of($"""
        <section aria-labelledby="steps"><h2 id="steps">The run so far</h2>
        {Html.When(view.EarlierSteps > 0, () => Html.Of($"""<p class="dim">{view.EarlierSteps} earlier steps are not shown here.</p>"""))}
        {(view.Steps.Count == 0 ? Html.Of($"""<p class="dim">Nothing was called before this.</p>""") : Html.Of($"""<ol class="plain">{Html.Join(view.Steps.Select(Step))}</ol>"""))}
        </section>
        """);

    private static Html Step(AuditRecord record) => Html.Of($"""
        <li>{Parts.Status(Outcome(record))} {record.Task?.Name} {(record.Target is null ? Html.Empty : Html.Of($"<code>{record.Target}</code> "))}{Html.When(record.Rule is not null, () => Html.Of($"<code>{record.Rule}</code> "))}<span class="dim">{Parts.Time(record.Time)}{(record.DurationMs is { } took ? ", took " + Parts.Span(TimeSpan.FromMilliseconds(took)) : "")}</span></li>
        """);

    private static string Outcome(AuditRecord record) => record.Type == AuditTypes.CallRefused ? "refused" : record.Outcome ?? "ended";
}
