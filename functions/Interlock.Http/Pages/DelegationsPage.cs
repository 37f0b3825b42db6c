using Interlock.Core.Approvals;
using Interlock.Http.Sessions;

namespace Interlock.Http.Pages;

/// <summary>What a person has delegated and what was delegated to them, and the forms; without a token the sign-in is too old for them.</summary>
internal static class DelegationsPage
{
    public static Html Render(IReadOnlyList<Delegation> given, IReadOnlyList<Delegation> received, string? token, FormFields typed, string? notice) => Html.Of($"""
        <p class="crumb"><a href="/approvals">Approvals</a></p>
        <h1>Delegations</h1>
        {Html.When(notice is not null, () => Html.Of($"""<p class="notice bad" role="alert">{notice}</p>"""))}
        <section aria-labelledby="given"><h2 id="given">Who decides in your place</h2>
        {(given.Count == 0 ? Html.Of($"""<p class="dim">Nobody.</p>""") : Html.Of($"""<ul class="cards">{Html.Join(given.Select(delegation => Given(delegation, token)))}</ul>"""))}
        </section>
        <section aria-labelledby="received"><h2 id="received">In whose place you decide</h2>
        {(received.Count == 0 ? Html.Of($"""<p class="dim">Nobody's.</p>""") : Html.Of($"""<ul class="cards">{Html.Join(received.Select(delegation => Html.Of($"<li><strong>{delegation.From}</strong> {Terms(delegation)}</li>")))}</ul>"""))}
        </section>
        {(token is null ? Old() : Give(token, typed))}
        """);

    private static Html Given(Delegation delegation, string? token) => Html.Of($"""
        <li><strong>{delegation.To}</strong> {Terms(delegation)}{Html.When(token is not null, () => Html.Of($"""
        <form method="post" action="{DelegationFace.Path}"><input type="hidden" name="{FormGuard.Field}" value="{token}"><input type="hidden" name="revoke" value="{delegation.Id}"><button class="danger" aria-label="Take back from {VisibleText.Editable(delegation.To)}">Take back</button></form>
        """))}</li>
        """);

    private static Html Terms(Delegation delegation) => Html.Of($"""
        <span class="dim">until {Parts.Time(delegation.Until)}</span>{Html.When(delegation.Reason is { Length: > 0 }, () => Html.Of($""" <span class="text">{delegation.Reason}</span>"""))}
        """);

    private static Html Give(string token, FormFields typed) => Html.Of($"""
        <section aria-labelledby="give" class="panel"><h2 id="give">Let somebody decide in your place</h2>
        <p class="dim">For all that is asked of you, where policy lets them decide too. They can't pass it on, and both of you count as one.</p>
        <form method="post" action="{DelegationFace.Path}" class="stack">
          <input type="hidden" name="{FormGuard.Field}" value="{token}">
          <label>Who <span class="dim">the id of a user</span><input name="to" value="{VisibleText.Editable(typed["to"] ?? "")}" required maxlength="128" spellcheck="false" autocapitalize="none" autocomplete="off"></label>
          <label>For how long<select name="for" required>{Durations.Options(typed["for"], 4, 12, 24, 72, 168, 336, 720, 2160)}</select></label>
          <label>Why <span class="dim">kept in the audit</span><textarea name="reason" rows="2" maxlength="2000">{VisibleText.Editable(typed["reason"] ?? "")}</textarea></label>
          <div class="buttons"><button class="primary">Delegate</button></div>
        </form></section>
        """);

    private static Html Old() => Html.Of($"""
        <p class="notice" role="note">You signed in more than an hour ago: <a href="/signin?again=1&amp;return={Uri.EscapeDataString(DelegationFace.Path)}">sign in again</a> to change this.</p>
        """);
}
