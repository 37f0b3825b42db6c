using Interlock.Core;
using Interlock.Http.Sessions;

namespace Interlock.Http.Pages;

/// <summary>What all pages share: head, navigation, landmarks.</summary>
internal static class Layout
{
    /// <summary>A page for a signed-in person; <paramref name="signOutToken"/> goes into the form that signs out.</summary>
    public static Html Page(string title, string current, Session session, string signOutToken, Html content) => Document(title, Html.Of($"""
        <header class="top">
          <a class="brand" href="/">Interlock</a>
          <nav aria-label="Main">{Link("/", "Overview", current)}{Link("/approvals", "Approvals", current)}{Link("/runs", "Runs", current)}</nav>
          <form class="who" method="post" action="/signout">
            <input type="hidden" name="{FormGuard.Field}" value="{signOutToken}">
            <span>{session.Person.DisplayName} <small>{session.Person.Tenant.Value}</small></span>
            <button class="quiet">Sign out</button>
          </form>
        </header>
        <main id="main" tabindex="-1">{content}</main>
        """));

    /// <summary>A page for somebody who is not signed in.</summary>
    public static Html Bare(string title, Html content) => Document(title, Html.Of($"""
        <header class="top"><a class="brand" href="/">Interlock</a></header>
        <main id="main" tabindex="-1">{content}</main>
        """));

    public static Html Problem(Problem problem) => Bare(problem.Title, Html.Of($"""
        <section class="narrow"><h1>{problem.Title}</h1><p>{problem.Detail}</p>
        <p class="dim">{problem.Status}{Html.When(problem.Rule is not null, () => Html.Of($" · <code>{problem.Rule}</code>"))}</p>
        <p><a href="/">Overview</a></p></section>
        """));

    private static Html Link(string path, string text, string current) => path == current
        ? Html.Of($"""<a href="{path}" aria-current="page">{text}</a>""")
        : Html.Of($"""<a href="{path}">{text}</a>""");

    private static Html Document(string title, Html body) => Html.Of($"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{title} · Interlock</title>
        <link rel="stylesheet" href="{Stylesheet.Path}?v={Stylesheet.Version}">
        </head>
        <body>
        <a class="skip" href="#main">Skip to content</a>
        {body}
        </body>
        </html>
        """);
}
