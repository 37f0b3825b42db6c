using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Registry.Contracts;
using Interlock.Core.Runs;
using Interlock.Http.Sessions;

namespace Interlock.Http.Pages;

/// <summary>The list of proposed changes, and one of them: whole, beside what is registered now.</summary>
internal static class ChangesPage
{
    public static Html List(IReadOnlyList<Proposal> proposals, Html glass, DateTimeOffset now, string? notice) => Html.Of($"""
        <p class="crumb"><a href="/approvals">Approvals</a></p>
        <h1>Changes</h1>
        {Html.When(notice is not null, () => Html.Of($"""<p class="notice bad" role="alert">{notice}</p>"""))}
        {(proposals.Count == 0 ? Html.Of($"""<p class="dim">Nothing was proposed.</p>""") : Html.Of($"""<ul class="cards">{Html.Join(proposals.Select(proposal => Card(proposal, now)))}</ul>"""))}
        {glass}
        """);

    public static Html Render(Proposal proposal, IReadOnlyList<RegistryEntry> current, ContractDiff? diff, string? token, ChangeResult.Refused? refused, DateTimeOffset now, string? notice) => Html.Of($"""
        <p class="crumb"><a href="{ChangesFace.Path}">Changes</a></p>
        <h1>{Title(proposal)}</h1>
        {Html.When(notice is not null, () => Html.Of($"""<p class="notice bad" role="alert">{notice}</p>"""))}
        <p>{Parts.Status(State(proposal, now))} proposed by <strong>{proposal.By.Subject}</strong> {Parts.Time(proposal.At)}, until {Parts.Time(proposal.ExpiresAt)}</p>
        {Html.When(proposal.DecidedBy is not null, () => Html.Of($"""<p>Decided by <strong>{proposal.DecidedBy}</strong>{Html.When(proposal.BreakGlass is not null, () => Html.Of($" alone, under break-glass"))}{Html.When(proposal.Reason is not null, () => Html.Of($""": <span class="text">{proposal.Reason}</span>"""))}</p>"""))}
        <section aria-labelledby="wanted"><h2 id="wanted">What is to be</h2><pre tabindex="0">{Text(proposal.Request)}</pre></section>
        {Html.When(diff is not null, () => Contract(diff!))}
        <section aria-labelledby="now"><h2 id="now">What is registered now</h2>
        {(current.Count == 0 ? Html.Of($"""<p class="dim">Nothing.</p>""") : Html.Of($"""<ul class="cards">{Html.Join(current.Select(Entry))}</ul>"""))}
        {Html.When(proposal.Request is RegistryRequest.PublishPolicy or RegistryRequest.PublishQuotas && current.Any(entry => entry.Lifecycle == Lifecycle.Active), () => Html.Of($"""<pre tabindex="0">{current.Last(entry => entry.Lifecycle == Lifecycle.Active).As<PolicyBody>().Text}</pre>"""))}
        </section>
        {Form(proposal, token, refused, now)}
        """);

    private static Html Card(Proposal proposal, DateTimeOffset now) => Html.Of($"""
        <li><a class="text" href="{ChangesFace.Path}/{proposal.Id}"><strong>{Title(proposal)}</strong></a> {Parts.Status(State(proposal, now))} <span class="dim">{proposal.By.Subject} · {Parts.Time(proposal.At)}</span></li>
        """);

    private static string Title(Proposal proposal) => proposal.Request switch
    {
        RegistryRequest.RegisterServer server => $"Register the server {server.Name}",
        RegistryRequest.RegisterAgent agent => $"Register the {Kind(agent.Settings.Protocol)} agent {agent.Name} {agent.Version}",
        RegistryRequest.Move move => $"Make {move.Kind.ToString().ToLowerInvariant()} {move.Name} {move.Version} {move.Lifecycle.ToString().ToLowerInvariant()}",
        RegistryRequest.ApproveContract approve => $"Approve a contract of {approve.Name}",
        RegistryRequest.PublishQuotas => "Publish the quotas",
        RegistryRequest.PublishRoute route => $"Publish the route {route.Name}",
        _ => "Publish the policy",
    };

    private static string Kind(AgentProtocol protocol) => protocol switch { AgentProtocol.Chat => "chat", AgentProtocol.Mcp => "MCP", _ => "A2A" };

    private static string State(Proposal proposal, DateTimeOffset now) =>
        proposal.State == ProposalState.Open && now >= proposal.ExpiresAt ? "expired" : proposal.State.ToString().ToLowerInvariant();

    private static string Text(RegistryRequest request) => request switch
    {
        RegistryRequest.PublishPolicy policy => policy.Text,
        RegistryRequest.PublishQuotas quotas => quotas.Text,
        RegistryRequest.PublishRoute route => route.Text,
        RegistryRequest.RegisterAgent agent => PrettyJson.Write(RunJson.ToValue(request).With("settings", AgentSettingsJson.Write(agent.Settings))),
        _ => PrettyJson.Write(RunJson.ToValue(request)),
    };

    private static Html Entry(RegistryEntry entry) => Html.Of($"""
        <li><strong>{entry.Name}</strong> {entry.Version} {Parts.Status(entry.Lifecycle.ToString().ToLowerInvariant())} <span class="dim">{entry.Digest}</span>{Html.When(entry.Reason is not null, () => Html.Of($""" <span class="text">{entry.Reason}</span>"""))}
        {Html.When(entry.Findings is { Count: > 0 }, () => Html.Of($"""<ul>{Html.Join(entry.Findings!.Select(finding => Html.Of($"<li>{finding.Rule} <code>{finding.Pointer}</code> <span class=\"text\">{finding.Excerpt}</span></li>")))}</ul>"""))}</li>
        """);

    private static Html Contract(ContractDiff diff) => Html.Of($"""
        <section aria-labelledby="diff"><h2 id="diff">What the server shows instead</h2>
        <ul>{Html.Join(diff.Members.Select(change => Html.Of($"""<li><code>{change.Pointer}</code><br><del class="text">{change.From}</del> <ins class="text">{change.To}</ins></li>""")))}</ul>
        <ul>{Html.Join(diff.Input.Concat(diff.Output).Select(change => Html.Of($"""<li><code>{change.Location}</code> {change.Explanation}{(change.BreaksCallers ? " (breaks callers)" : "")}{(change.BreaksResults ? " (breaks results)" : "")}</li>""")))}</ul></section>
        """);

    private static Html Form(Proposal proposal, string? token, ChangeResult.Refused? refused, DateTimeOffset now)
    {
        if (!proposal.IsOpen(now)) return Html.Empty;
        if (refused is { Rule: not "interactive-session-required" }) return Html.Of($"""<p class="notice" role="note">{refused.Detail}</p>""");
        if (token is null)
            return Html.Of($"""<p class="notice" role="note">You signed in more than an hour ago: <a href="/signin?again=1&amp;return={Uri.EscapeDataString($"{ChangesFace.Path}/{proposal.Id}")}">sign in again</a> to decide.</p>""");
        return Html.Of($"""
            <section aria-labelledby="decide" class="panel"><h2 id="decide">Decide</h2>
            <form method="post" action="{ChangesFace.Path}/{proposal.Id}" class="stack">
              <input type="hidden" name="{FormGuard.Field}" value="{token}"><input type="hidden" name="digest" value="{proposal.Digest}">
              <label>Why <span class="dim">kept in the audit</span><textarea name="reason" rows="2" maxlength="2000"></textarea></label>
              <div class="buttons"><button class="primary" name="act" value="approve">Approve and apply</button><button class="danger" name="act" value="reject">Reject</button></div>
            </form></section>
            """);
    }
}
