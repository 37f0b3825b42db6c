namespace Interlock.Http.Pages.Review;

/// <summary>Letting somebody else decide this gate in one's place.</summary>
internal static class DelegateSection
{
    public const string Name = "delegate";

    private const string To = "delegate-to";
    private const string For = "delegate-for";
    private const string Why = "delegate-reason";
    private const string AsLong = "open";

    /// <summary>Not to those who decide in another's place: what was delegated to them does not go on.</summary>
    public static Html Render(ReviewView view) => Html.When(view.Seat is { For: null }, () => Html.Of($"""
        <details{(view.Draft.Form == Name ? Html.Of($" open") : Html.Empty)}><summary>Let somebody else decide this</summary>
        {DecisionSection.Form(view, Html.Of($"""
          <label for="{To}">Who <span class="dim">the id of a user</span></label>
          {DecisionSection.Errors(view.Draft, To)}
          <input id="{To}" name="{To}" value="{DecisionSection.Typed(view.Draft, To)}" required maxlength="128" spellcheck="false" autocapitalize="none" autocomplete="off"{DecisionSection.Described(view.Draft, To)}>
          <label for="{For}">For how long</label>
          <select id="{For}" name="{For}"><option value="{AsLong}">As long as this approval is open</option>{Durations.Options(view.Draft.Fields[For], 1, 4, 12)}</select>
          <label for="{Why}">Why somebody else <span class="dim">kept in the audit</span></label>
          <textarea id="{Why}" name="{Why}" rows="2" maxlength="2000">{DecisionSection.Typed(view.Draft, Why)}</textarea>
          <div class="buttons"><button name="decision" value="{Name}">Delegate</button></div>
          """))}
        </details>
        """));

    public static (Act? Act, Draft Draft) Read(Draft draft, DateTimeOffset now)
    {
        if (!draft.Fields.Has(To, out var to)) return (null, draft.With(To, "Say who is to decide in your place."));
        var until = draft.Fields[For] == AsLong ? DateTimeOffset.MaxValue : Durations.Read(draft.Fields[For]) is { } span ? now + span : (DateTimeOffset?)null;
        if (until is not { } end) return (null, draft.With(For, "Say for how long."));
        return ((desk, session, gate, cancellationToken) => desk.DelegateAsync(session, gate, to, end, draft.Fields[Why], cancellationToken), draft);
    }
}
