using System.Globalization;
using Interlock.Core.Approvals;

namespace Interlock.Http.Pages;

/// <summary>How often what workflows suggest is accepted as it stands, and who overrides it how.</summary>
internal static class RatesPage
{
    public static Html Render(DecisionRates rates, int days, bool isCut) => Html.Of($"""
        <p class="crumb"><a href="/approvals">Approvals</a></p>
        <h1>Rates</h1>
        <p class="dim">Of the approvals decided in the last {days} days{(isCut ? ", the newest only" : "")}. Overridden is what people edited, rejected or sent back.</p>
        {Table("workflows", "By workflow", "Workflow", rates.Workflows)}
        {Table("approvers", "By approver", "Approver", rates.Approvers)}
        """);

    private static Html Table(string id, string title, string of, IReadOnlyList<DecisionRate> rates) => Html.Of($"""
        <section aria-labelledby="{id}"><h2 id="{id}">{title}</h2>
        {(rates.Count == 0 ? Html.Of($"""<p class="dim">Nothing was decided yet.</p>""") : Parts.Scroll($"Table of rates: {of}", Html.Of($"""
        <table>
        <thead><tr><th scope="col">{of}</th><th scope="col">Accept rate</th><th scope="col">Asked</th><th scope="col">Accepted</th><th scope="col">Overridden</th><th scope="col">Edited</th><th scope="col">Rejected</th><th scope="col">Sent back</th></tr></thead>
        <tbody>{Html.Join(rates.Select(Row))}</tbody></table>
        """)))}</section>
        """);

    private static Html Row(DecisionRate rate) => Html.Of($"""
        <tr><th scope="row">{rate.Of}</th><td>{rate.AcceptRate?.ToString("P0", CultureInfo.InvariantCulture) ?? "–"}</td><td>{rate.Asked}</td><td>{rate.Accepted}</td><td>{rate.Overridden}</td><td>{rate.Edited}</td><td>{rate.Rejected}</td><td>{rate.Returned}</td></tr>
        """);
}
