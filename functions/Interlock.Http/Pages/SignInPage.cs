using Interlock.Http.Sessions;

namespace Interlock.Http.Pages;

/// <summary>The sign-in form.</summary>
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

    private static Html Tenant(string tenant, bool isFixed) => isFixed
        ? Html.Of($"""<input type="hidden" name="tenant" value="{tenant}">""")
        : Html.Of($"""<label>Tenant <input name="tenant" value="{tenant}" required maxlength="64" autocomplete="organization" spellcheck="false" autocapitalize="none"></label>""");

    private static Html User(IReadOnlyList<(string Id, string Name)> known) => known.Count == 0
        ? Html.Of($"""<input name="user" required maxlength="128" autocomplete="username" spellcheck="false" autocapitalize="none">""")
        : Html.Of($"""<select name="user" required>{Html.Join(known.Select(user => Html.Of($"""<option value="{user.Id}">{user.Name}</option>""")))}</select>""");
}
