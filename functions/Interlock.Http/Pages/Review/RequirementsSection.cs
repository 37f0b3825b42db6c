using Interlock.Core.Approvals;
using Interlock.Core.Policy;

namespace Interlock.Http.Pages.Review;

/// <summary>Who must approve, how many more, and who may do so in whose place. A vote counts for one requirement only, and each person once.</summary>
internal static class RequirementsSection
{
    public static Html Render(ReviewView view) => Html.Of($"""
        <section aria-labelledby="who"><h2 id="who">Who must {(view.Gate.Request.Failure is null ? "approve" : "decide")}</h2>
        {Html.Join(view.Standings.Select(Choice))}
        {Html.When(view.Delegations.Count > 0, () => Html.Of($"""<h3 class="label">Who may decide instead</h3><ul class="plain">{Html.Join(view.Delegations.Select(Instead))}</ul>"""))}
        </section>
        """);

    private static Html Choice(Standing standing) => Html.Of($"""
        {Html.When(standing.Choice is not null, () => Html.Of($"""<h3 class="label">To {standing.Choice}</h3>"""))}
        <ul class="plain">{Html.Join(standing.Gate.Request.Requirements.Select((requirement, index) => Requirement(requirement, standing.MoreOf(index), [.. standing.Of(index)])))}</ul>
        """);

    private static Html Requirement(ApproverRequirement asked, int more, IReadOnlyList<Vote> votes) => Html.Of($"""
        <li><strong>{(more == 0 ? "Met" : $"{more} more")}</strong>: {votes.Count} of {asked.Quorum} out of {string.Join(", ", asked.Approvers)}{Exclusions(asked)}{(votes.Count > 0 ? $"; by {string.Join(", ", votes.Select(vote => vote.DisplayName))}" : "")}</li>
        """);

    private static Html Instead(Delegation delegation) => Html.Of($"""
        <li>{delegation.To} in place of {delegation.From} until {Parts.Time(delegation.Until)}{Html.When(delegation.Reason is { Length: > 0 }, () => Html.Of($""": <span class="text">{delegation.Reason}</span>"""))}</li>
        """);

    private static string Exclusions(ApproverRequirement asked) => (asked.ExcludeInitiator, asked.ExcludeAuthor) switch
    {
        (true, true) => "; neither who started nor who published it",
        (true, false) => "; not who started it",
        (false, true) => "; not who published it",
        _ => "",
    };
}
