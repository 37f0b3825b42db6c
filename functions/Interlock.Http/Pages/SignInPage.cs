using Interlock.Core;
using Interlock.Http.Identity;
using Interlock.Http.Sessions;

namespace Interlock.Http.Pages;

/// <summary>The sign-in form, and what is told on the ways in and out.</summary>
internal static class SignInPage
{
    public static Html Render(string tenant, bool isFixed, IReadOnlyList<(string Id, string Name)> known, string returnTo, string token, string? error) => Layout.Bare("Sign in", Html.Of($"""
        <section class="narrow">
          <h1>Sign in</h1>
          {Html.When(error is not null, () => Html.Of($"""<p class="notice bad" role="alert">{error}</p>"""))}
          <form method="post" action="/signin" class="stack">
            <input type="hidden" name="{FormGuard.Field}" value="{token}">
            <input type="hidden" name="return" value="{returnTo}">
            {Tenant(tenant, isFixed)}
            <label>User {User(known)}</label>
            <label>Password <input name="password" type="password" required maxlength="1024" autocomplete="current-password"></label>
            <button class="primary">Sign in</button>
          </form>
        </section>
        """));

    public static Html Refused(Problem problem) => Layout.Bare(problem.Title, Html.Of($"""
        <section class="narrow"><h1>{problem.Title}</h1><p class="notice bad" role="alert">{problem.Detail}</p>
        <p class="dim">{problem.Status} · <code>{problem.Rule}</code></p>
        <p><a href="{PlatformSignIn.LogoutAddress(SignInFace.SignedOutPath)}">Sign out</a> to use another account, or <a href="/signin">try again</a>.</p></section>
        """));

    /// <summary>For somebody who was to sign in anew, and whom Entra let in on an older sign-in.</summary>
    public static Html NotAnew(string returnTo) => Layout.Bare("Sign in anew", Html.Of($"""
        <section class="narrow"><h1>Sign in anew</h1>
        <p class="notice" role="note">You were let in on an earlier sign-in. Decisions need one of the last hour: <a href="{PlatformSignIn.LogoutAddress(SignInFace.SignedOutPath)}">sign out</a>, then sign in again.</p>
        <p><a href="{returnTo}">Go on without deciding</a></p></section>
        """));

    public static Html SigningOut(string address) => Layout.Bare("Signing out", Html.Of($"""
        <section class="narrow"><h1>Signing out</h1><p>You are signed out here. <a href="{address}">Sign out of your account too</a>, if your browser does not go there by itself.</p></section>
        """));

    public static Html SignedOut() => Layout.Bare("Signed out", Html.Of($"""
        <section class="narrow"><h1>You are signed out</h1><p><a href="/signin">Sign in</a></p></section>
        """));

    private static Html Tenant(string tenant, bool isFixed) => isFixed
        ? Html.Of($"""<input type="hidden" name="tenant" value="{tenant}">""")
        : Html.Of($"""<label>Tenant <input name="tenant" value="{tenant}" required maxlength="64" autocomplete="organization" spellcheck="false" autocapitalize="none"></label>""");

    private static Html User(IReadOnlyList<(string Id, string Name)> known) => known.Count == 0
        ? Html.Of($"""<input name="user" required maxlength="128" autocomplete="username" spellcheck="false" autocapitalize="none">""")
        : Html.Of($"""<select name="user" required>{Html.Join(known.Select(user => Html.Of($"""<option value="{user.Id}">{user.Name}</option>""")))}</select>""");
}
