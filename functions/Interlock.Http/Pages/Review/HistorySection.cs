using Interlock.Core.Approvals;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Http.Pages.Review;

/// <summary>What people did with the gate so far, and what changed under them: votes that an older revision had are void, and shown so.</summary>
internal static class HistorySection
{
    public static Html Render(Gate gate)
    {
        var rows = gate.Votes.Select(vote => (vote.At, Row: Vote(gate, vote)))
            .Concat(gate.Changes.Select(change => (change.At, Row: Change(change)))).OrderBy(row => row.At).Select(row => row.Row).ToList();
        return Html.When(rows.Count > 0, () => Html.Of($"""
            <section aria-labelledby="votes"><h2 id="votes">Decisions so far</h2><ul class="plain">{Html.Join(rows)}</ul>
            {Html.When(gate.Information is not null, () => Html.Of($"""<h3 class="label" id="asked-for">Information asked for</h3><pre class="json" role="group" tabindex="0" aria-labelledby="asked-for">{PrettyJson.Write(gate.Information!)}</pre>"""))}
            </section>
            """));
    }

    private static Html Vote(Gate gate, Vote vote)
    {
        var isVoid = vote.Revision != gate.Revision;
        var word = vote.Choice ?? (vote.Approves ? "approved" : gate.Outcome == GateOutcome.Returned ? "returned" : "rejected");
        return Html.Of($"""
            <li>{(isVoid ? Parts.Status("void") : Html.Empty)} {Parts.Status(word)} {vote.DisplayName} <small>{vote.By} as {vote.As}{(vote.For is null ? "" : $", in place of {vote.For}")}</small> {Parts.Time(vote.At)}{Html.When(isVoid, () => Html.Of($"; cast on what was shown before it changed, so it does not count"))}{Quote(vote.Reason)}</li>
            """);
    }

    private static Html Change(GateChange change) => Html.Of($"""
        <li>{Parts.Status(change.Kind.ToString().ToLowerInvariant())} {Effect(change.Kind)} <small>{change.By}</small> {Parts.Time(change.At)}{Quote(change.Reason)}{Details(change)}</li>
        """);

    /// <summary>Arguments that changed are listed as <c>{ frame, pointer, from, to }</c>; the rest is shown as it is.</summary>
    private static Html Details(GateChange change) => change switch
    {
        { Kind: GateChangeKind.Edited or GateChangeKind.Drifted, Details.IsArray: true } => ChangeList.Render(
            [.. change.Details.Items.Select(item => new JsonChange($"{item["frame"]?.StringOrNull()} {item["pointer"]?.StringOrNull()}", item["from"], item["to"]))]),
        { Kind: GateChangeKind.Delegated } => Html.Of($" <small>to {change.Details["to"]?.StringOrNull()}</small>"),
        { Kind: GateChangeKind.Reassigned, Details: var details } when details["approvers"] is { IsArray: true } approvers => Html.Of(
            $" <small>asked now: {string.Join(", ", approvers.Items.Select(approver => approver.StringOrNull()))}</small>"),
        { Details.Count: > 0 } => Html.Of($"""<div class="json">{PrettyJson.Write(change.Details)}</div>"""),
        _ => Html.Empty,
    };

    private static string Effect(GateChangeKind kind) => kind switch
    {
        GateChangeKind.Edited => "Arguments were changed; earlier votes are void.",
        GateChangeKind.Drifted => "What the calls would reach or send changed; earlier votes are void.",
        GateChangeKind.Reassigned => "Others are asked.",
        GateChangeKind.Delegated => "Somebody may decide in another's place.",
        GateChangeKind.Restored => "The store was restored from a copy; earlier votes are void.",
        _ => "",
    };

    private static Html Quote(string? text) => Html.When(text is { Length: > 0 }, () => Html.Of($"""<p class="text quote">{text}</p>"""));
}
