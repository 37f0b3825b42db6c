using System.Collections.Immutable;
using System.Globalization;
using Interlock.Core.Approvals;
using Interlock.Core.Policy;

namespace Interlock.Http.Pages.Review;

/// <summary>For operators: naming other approvers where those asked can't be reached. Policy still says who may be named.</summary>
internal static class ReassignSection
{
    public const string Name = "reassign";

    private const string Which = "reassign-requirement";
    private const string Whom = "reassign-approvers";
    private const string Why = "reassign-reason";

    public static Html Render(ReviewView view) => Html.When(view.MayReassign, () => Html.Of($"""
        <section aria-labelledby="operators" class="panel"><h2 id="operators">For operators</h2>
        <details{(view.Draft.Form == Name ? Html.Of($" open") : Html.Empty)}><summary>Ask others instead</summary>
        <p class="dim">Whoever names approvers does not decide on this themselves.</p>
        {DecisionSection.Form(view, Html.Of($"""
          {Requirement(view)}
          <label for="{Whom}">Who decides instead <span class="dim">one a line: user:ID or group:ID</span></label>
          {DecisionSection.Errors(view.Draft, Whom)}
          <textarea id="{Whom}" name="{Whom}" rows="3" required class="code" spellcheck="false" autocapitalize="none"{DecisionSection.Described(view.Draft, Whom)}>{DecisionSection.Typed(view.Draft, Whom)}</textarea>
          <label for="{Why}">Why others <span class="dim">needed; kept in the audit</span></label>
          {DecisionSection.Errors(view.Draft, Why)}
          <textarea id="{Why}" name="{Why}" rows="2" maxlength="2000" required{DecisionSection.Described(view.Draft, Why)}>{DecisionSection.Typed(view.Draft, Why)}</textarea>
          <div class="buttons"><button name="decision" value="{Name}">Ask them instead</button></div>
          """))}
        </details></section>
        """));

    public static (Act? Act, Draft Draft) Read(Gate gate, Draft draft)
    {
        var (approvers, unreadable) = Approvers(draft.Fields[Whom] ?? "");
        if (unreadable is not null) draft = draft.With(Whom, $"'{unreadable}' is neither user:ID nor group:ID.");
        else if (approvers.IsEmpty) draft = draft.With(Whom, "Say who is to decide.");
        if (!draft.Fields.Has(Why, out var why)) draft = draft.With(Why, "Say why others are to decide.");
        if (!draft.Errors.IsEmpty) return (null, draft);
        var which = gate.Request.Requirements.Length == 1 ? 0 : int.TryParse(draft.Fields[Which], NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : -1;
        return ((desk, session, id, cancellationToken) => desk.ReassignAsync(session, id, which, approvers, why, cancellationToken), draft);
    }

    private static Html Requirement(ReviewView view) => Html.When(view.Gate.Request.Requirements.Length > 1, () => Html.Of($"""
        <label for="{Which}">In the place of</label>
        <select id="{Which}" name="{Which}">{Html.Join(view.Gate.Request.Requirements.Select((requirement, index) => Html.Of($"""<option value="{index}">{VisibleText.Editable(string.Join(", ", requirement.Approvers))}</option>""")))}</select>
        """));

    private static (ImmutableArray<Approver> Approvers, string? Unreadable) Approvers(string text)
    {
        var approvers = ImmutableArray.CreateBuilder<Approver>();
        foreach (var line in text.Split(['\n', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.Split(':', 2) is not [("user" or "group") and var kind, { Length: > 0 } and var id]) return ([], line);
            approvers.Add(new Approver(kind == "user" ? ApproverKind.User : ApproverKind.Group, id));
        }
        return (approvers.ToImmutable(), null);
    }
}
