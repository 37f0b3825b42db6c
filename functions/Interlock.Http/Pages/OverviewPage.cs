using Interlock.Core.Runs;

namespace Interlock.Http.Pages;

/// <summary>What waits for this person, and what ran last.</summary>
internal static class OverviewPage
{
    public static Html Render(int waiting, IReadOnlyList<RunSummary> runs) => Html.Of($"""
        <h1>Overview</h1>
        <section aria-labelledby="inbox" class="panel {(waiting > 0 ? "attention" : "")}">
          <h2 id="inbox">Approvals</h2>
          <p class="figure"><a href="/approvals"><strong>{waiting}</strong> {(waiting == 1 ? "decision waits" : "decisions wait")} for you</a></p>
        </section>
        <section aria-labelledby="recent"><h2 id="recent">Recent runs</h2>{Parts.RunTable(runs)}</section>
        """);
}
