using Interlock.Core.Approvals;

namespace Interlock.Http.Pages.Review;

/// <summary>Asking for information before anybody decides: the gate's own form, filled in, goes back to the run.</summary>
internal static class InformationSection
{
    public const string Name = "return";

    private const string Why = "return-reason";

    public static Html Render(ReviewView view) => Html.When(view.Gate.Request.Information is not null, () => Html.Of($"""
        <details{(view.Draft.Form == Name ? Html.Of($" open") : Html.Empty)}><summary>Ask for information instead</summary>
        <p class="dim">What you fill in goes back to the run, and this approval closes undecided.</p>
        {DecisionSection.Form(view, Html.Of($"""
          {SchemaForm.Of(view.Gate.Request.Information!).Render(view.Draft)}
          <label for="{Why}">Anything else <span class="dim">kept in the audit</span></label>
          <textarea id="{Why}" name="{Why}" rows="2" maxlength="2000">{DecisionSection.Typed(view.Draft, Why)}</textarea>
          <div class="buttons"><button name="decision" value="{Name}">Ask for information</button></div>
          """))}
        </details>
        """));

    /// <summary>The act, or null and what is wrong with what was filled in.</summary>
    public static (Act? Act, Draft Draft) Read(Gate gate, string shown, Draft draft)
    {
        if (gate.Request.Information is not { } schema) return (null, draft with { Notice = "This gate has no form to ask for information with." });
        var (information, read) = SchemaForm.Of(schema).Read(draft);
        return (information is null ? null : ActReader.Decide(new Decision.Return(read.Fields[Why], shown, information)), read);
    }
}
