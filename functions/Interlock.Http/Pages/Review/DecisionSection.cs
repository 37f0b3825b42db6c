using System.Globalization;
using Interlock.Core.Approvals;
using Interlock.Core.Runs;
using Interlock.Http.Sessions;

namespace Interlock.Http.Pages.Review;

/// <summary>The forms: to approve or reject comes first, all else is folded away beneath it.</summary>
internal static class DecisionSection
{
    public static Html Render(ReviewView view) => Html.Of($"""
        <section aria-labelledby="decide" class="panel decide"><h2 id="decide" tabindex="-1">Your decision</h2>
        {Html.When(view.Seat?.For is not null, () => Html.Of($"""<p class="notice" role="note">You decide in the place of {view.Seat!.For}, as {view.Seat.As}.</p>"""))}
        {Form(view, Html.Of($"""
          <label for="reason">Reason <span class="dim">needed to {(view.Gate.Request.Failure is null ? "reject" : "let it fail")}; kept in the audit</span></label>
          {Errors(view.Draft, "reason")}
          <textarea id="reason" name="reason" rows="3" maxlength="2000" required{Described(view.Draft, "reason")}>{Typed(view.Draft, "reason")}</textarea>
          <div class="buttons">{(view.Gate.Request.Failure is { } failure ? Choices(view.Gate, failure) : Verdict(view.Gate))}</div>
          """))}
        {EditSection.Render(view)}
        {InformationSection.Render(view)}
        {DelegateSection.Render(view)}
        </section>
        """);

    /// <summary>A form that posts to this gate, about what is shown.</summary>
    public static Html Form(ReviewView view, Html fields) => Html.Of($"""
        <form method="post" action="/approvals/{view.Gate.Id.Value}" class="stack">
          <input type="hidden" name="{FormGuard.Field}" value="{view.Token}">
          <input type="hidden" name="shown" value="{view.Gate.ShownDigest}">
          {fields}
        </form>
        """);

    /// <summary>What is wrong with a field, before it.</summary>
    public static Html Errors(Draft draft, string field) => Html.When(draft.ErrorsOf(field).Any(), () => Html.Of($"""
        <p class="error" id="{field}-error">{string.Join(" ", draft.ErrorsOf(field).Select(error => error.Message))}</p>
        """));

    /// <summary>Leads from a field to what is wrong with it.</summary>
    public static Html Described(Draft draft, string field) =>
        Html.When(draft.ErrorsOf(field).Any(), () => Html.Of($""" aria-invalid="true" aria-describedby="{field}-error" """));

    public static string Typed(Draft draft, string field, string otherwise = "") => VisibleText.Editable(draft.Fields[field] ?? otherwise);

    // A rejection needs its reason, which the browser then asks for; an approval does not.
    private static Html Verdict(Gate gate) => Html.Of($"""
        <button name="decision" value="approve" class="primary" formnovalidate>Approve {Calls(gate)}</button><button name="decision" value="reject" class="danger">Reject</button>
        """);

    private static Html Choices(Gate gate, FailedStep failure) => Html.Of($"""
        {Html.When(failure.Options.Contains(StepChoices.Retry) || gate.IsEditRetried(StepChoices.Retry), () => Html.Of($"""<button name="decision" value="retry" class="primary" formnovalidate>Retry the step</button>"""))}{Html.When(failure.Options.Contains(StepChoices.Skip), () => Html.Of($"""<button name="decision" value="skip" formnovalidate>Skip the step</button>"""))}<button name="decision" value="reject" class="danger">Let it fail</button>
        """);

    private static string Calls(Gate gate) => gate.Calls.Length switch
    {
        0 => "",
        1 => "this call",
        var count => string.Create(CultureInfo.InvariantCulture, $"these {count} calls"),
    };
}
