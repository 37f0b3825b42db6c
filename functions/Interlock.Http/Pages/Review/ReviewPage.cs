using Interlock.Core.Approvals;
using Interlock.Core.Runs;

namespace Interlock.Http.Pages.Review;

/// <summary>
/// What a person decides on, complete: what will run with which exact arguments, never shortened, why, what follows, and who else decides. The forms
/// post back the digest of what was shown. All of it is other people's and programs' text.
/// </summary>
internal static class ReviewPage
{
    public static Html Render(ReviewView view) => Html.Of($"""
        <article class="review">
        <p class="crumb"><a href="/approvals">Approvals</a> › {Run(view)}</p>
        <h1 class="text">{view.Gate.Request.Title}</h1>
        {Refused(view.Draft)}
        {Html.When(view.Own is not null, () => Decided(view, view.Own!))}
        {State(view)}
        {FactsSection.Render(view)}
        {Html.When(view.Gate.Request.Failure is not null, () => FailureSection.Render(view))}
        {Html.When(view.Gate.Request.ChosenBy is not null, () => AgentSection.Render(view))}
        {Html.When(view.Gate.Request is { Description: not null, Failure: null }, () => Html.Of($"""
        <section aria-labelledby="why"><h2 id="why">Recommendation</h2><p class="label">Written by the workflow or an agent, not checked</p><p class="text quote">{view.Gate.Request.Description}</p></section>
        """))}
        {CallsSection.Render(view)}
        {RequirementsSection.Render(view)}
        {Html.When(view.Gate.Run is not null, () => StepsSection.Render(view))}
        {HistorySection.Render(view.Gate)}
        {(view.Seat is null ? Html.When(view.Gate.Outcome is null, () => Html.Of($"""<p class="notice" role="note">{view.WhyNot}</p>""")) : DecisionSection.Render(view))}
        {ReassignSection.Render(view)}
        <p class="dim small">Shown content <code>{view.Gate.ShownDigest}</code></p>
        </article>
        """);

    private static Html Run(ReviewView view)
    {
        if (view.Gate.Run is not { Value: var run }) return Html.Of($"a client's own call");
        var text = run[..Math.Min(8, run.Length)];
        return view.MayReadRun ? Html.Of($"""<a href="/runs/{run}">run {text}</a>""") : Html.Of($"run {text}");
    }

    private static Html Refused(Draft draft) => Html.When(draft.Notice is not null || !draft.Errors.IsEmpty, () => Html.Of($"""
        <div class="notice bad" role="alert"><p><strong>{draft.Notice ?? "Nothing was decided: the form is not complete."}</strong></p>
        {Html.When(!draft.Errors.IsEmpty, () => Html.Of($"<ul>{Html.Join(draft.Errors.Select(error => Html.Of($"""<li><a href="#{error.Field}">{error.Message}</a></li>""")))}</ul>"))}</div>
        """));

    /// <summary>That the person's decision arrived, and what it still waits for.</summary>
    private static Html Decided(ReviewView view, Vote own)
    {
        var what = own.Choice ?? (own.Approves ? "approved this" : view.Gate.Outcome == GateOutcome.Returned ? "asked for information" : "rejected this");
        var more = view.Gate.Outcome is not null ? 0 : view.Standings.FirstOrDefault(standing => standing.Choice == own.Choice)?.More ?? 0;
        return Html.Of($"""<p class="notice" role="status"><strong>You {(own.Choice is null ? what : $"decided: {what}")}.</strong>{Html.When(more > 0, () => Html.Of($" {more} more must decide before anything happens."))}</p>""");
    }

    private static Html State(ReviewView view)
    {
        var gate = view.Gate;
        if (gate.Outcome is { } outcome)
            return Html.Of($"""<p class="state">{Parts.Status(outcome.ToString().ToLowerInvariant())} {(gate.ClosedAt is { } at ? Parts.Time(at) : Html.Empty)}</p>""");
        var left = gate.Request.ExpiresAt - view.Now;
        return left > TimeSpan.Zero
            ? Html.Of($"""<p class="state">{Parts.Status("open")} <strong>{Parts.Span(left)} left</strong>, until {Parts.Time(gate.Request.ExpiresAt)}{Html.When(view.Seat is not null, () => Html.Of($""" · <a href="#decide">Go to your decision</a>"""))}</p>""")
            : Html.Of($"""<p class="state">{Parts.Status("expired")} since {Parts.Time(gate.Request.ExpiresAt)}</p>""");
    }
}
