using Interlock.Core.Registry.Changes;
using Interlock.Http.Sessions;

namespace Interlock.Http.Pages;

/// <summary>Who has broken the glass, lately and now, and the form to do it.</summary>
internal static class BreakGlassSection
{
    public static Html Render(IReadOnlyList<BreakGlass> all, string token, DateTimeOffset now) => Html.Of($"""
        <section aria-labelledby="glass" class="panel"><h2 id="glass">Break-glass</h2>
        {(all.Count == 0 ? Html.Of($"""<p class="dim">Nobody has, in the last thirty days.</p>""") : Html.Of($"""<ul class="cards">{Html.Join(all.Select(glass => Item(glass, token, now)))}</ul>"""))}
        <p class="dim">In an emergency, and for a time, you approve your own proposals. It is recorded, with each use, and raises an alert.</p>
        <form method="post" action="{BreakGlassFace.Path}" class="stack">
          <input type="hidden" name="{FormGuard.Field}" value="{token}">
          <label>Why <span class="dim">kept in the audit</span><textarea name="reason" rows="2" minlength="10" maxlength="2000" required></textarea></label>
          <label>For how long<select name="for" required>{Durations.Options(null, 1, 2, 4, 8)}</select></label>
          <div class="buttons"><button class="danger">Break the glass</button></div>
        </form></section>
        """);

    private static Html Item(BreakGlass glass, string token, DateTimeOffset now) => Html.Of($"""
        <li><strong>{glass.By.Subject}</strong> {Parts.Status(glass.IsOpen(now) ? "open" : "ended")} <span class="dim">{Parts.Time(glass.At)} until {Parts.Time(glass.EndedAt ?? glass.Until)}</span> <span class="text">{glass.Reason}</span>{Html.When(glass.IsOpen(now), () => Html.Of($"""
        <form method="post" action="{BreakGlassFace.Path}"><input type="hidden" name="{FormGuard.Field}" value="{token}"><input type="hidden" name="end" value="{glass.Id}"><button>End it now</button></form>
        """))}</li>
        """);
}
