using Interlock.Core.Approvals;

namespace Interlock.Http.Pages;

/// <summary>The inbox: open gates that this person may decide, and the other open ones that the person may see.</summary>
internal static class ApprovalsPage
{
    public static Html Render(IReadOnlyList<Gate> inbox, IReadOnlyList<Gate> others, DateTimeOffset now) => Html.Of($"""
        <h1>Approvals</h1>
        <section aria-labelledby="mine"><h2 id="mine">Waiting for you</h2>{List(inbox, now, "Nothing waits for your decision.")}</section>
        {Html.When(others.Count > 0, () => Html.Of($"""<section aria-labelledby="others"><h2 id="others">Waiting for others</h2>{List(others, now, "")}</section>"""))}
        """);

    private static Html List(IReadOnlyList<Gate> gates, DateTimeOffset now, string empty) => gates.Count == 0
        ? Html.Of($"""<p class="dim">{empty}</p>""")
        : Html.Of($"""<ul class="cards">{Html.Join(gates.Select(gate => Card(gate, now)))}</ul>""");

    private static Html Card(Gate gate, DateTimeOffset now) => Html.Of($"""
        <li><a href="/approvals/{gate.Id.Value}"><strong>{gate.Request.Title}</strong></a>
        <span class="dim">{(gate.Workflow is null ? "a client's own call" : $"{gate.Workflow.Name} {gate.Workflow.Version}")} · started by {string.Join(", ", gate.Initiators)} · {gate.Calls.Length} {(gate.Calls.Length == 1 ? "call" : "calls")} · {(gate.Request.ExpiresAt > now ? Parts.Span(gate.Request.ExpiresAt - now) + " left" : "time is over")}</span></li>
        """);
}
