using Interlock.Core.Approvals;

namespace Interlock.Http.Pages;

/// <summary>The inbox: open gates that this person may decide, and the other open ones that the person may see, the most urgent first.</summary>
internal static class ApprovalsPage
{
    public static Html Render(IReadOnlyList<ListedGate> inbox, IReadOnlyList<ListedGate> others, bool seesRates, bool seesChanges, DateTimeOffset now) => Html.Of($"""
        <h1>Approvals</h1>
        <ul class="links"><li><a href="{DelegationFace.Path}">Delegations</a></li>{Html.When(seesRates, () => Html.Of($"""<li><a href="/approvals/rates">Rates</a></li>"""))}{Html.When(seesChanges, () => Html.Of($"""<li><a href="{ChangesFace.Path}">Changes</a></li>"""))}</ul>
        <section aria-labelledby="mine"><h2 id="mine">Waiting for you</h2>{List(inbox, now, "Nothing waits for your decision.")}</section>
        {Html.When(others.Count > 0, () => Html.Of($"""<section aria-labelledby="others"><h2 id="others">Waiting for others</h2>{List(others, now, "")}</section>"""))}
        """);

    private static Html List(IReadOnlyList<ListedGate> gates, DateTimeOffset now, string empty) => gates.Count == 0
        ? Html.Of($"""<p class="dim">{empty}</p>""")
        : Html.Of($"""<ul class="cards">{Html.Join(gates.Select(gate => Card(gate.Gate, gate.More, now)))}</ul>""");

    private static Html Card(Gate gate, int more, DateTimeOffset now) => Html.Of($"""
        <li><a class="text" href="/approvals/{gate.Id.Value}"><strong>{gate.Request.Title}</strong></a> {Parts.Status(Left(gate, now))}
        <span class="dim">{Kind(gate)}{(gate.Workflow is { } workflow ? $" · {workflow.Name} {workflow.Version}" : "")} · started by {string.Join(", ", gate.Initiators)} · {gate.Calls.Length} {(gate.Calls.Length == 1 ? "call" : "calls")} · {more} more must {(gate.Request.Failure is null ? "approve" : "decide")}</span></li>
        """);

    private static string Left(Gate gate, DateTimeOffset now) => gate.Request.ExpiresAt > now ? Parts.Span(gate.Request.ExpiresAt - now) + " left" : "time is over";

    private static string Kind(Gate gate) => gate switch
    {
        { Run: null } => "a client's own call",
        { Request.Failure: not null } => "a failed step",
        { Request.Again: not null } => "asked again",
        { Request.IsEscalation: true } => "escalated",
        _ => "approval",
    };
}

/// <summary>A gate in a list, and how many more must approve it.</summary>
internal sealed record ListedGate(Gate Gate, int More);
