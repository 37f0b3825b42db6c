using System.Globalization;
using Interlock.Core.Approvals;
using Interlock.Http.Sessions;

namespace Interlock.Http.Pages;

/// <summary>
/// What a person decides on, complete: who asks, every call with its exact arguments, never shortened, and what follows. The form
/// posts back the digest of what was shown. All of it is other people's and programs' text.
/// </summary>
internal static class ReviewPage
{
    /// <summary>The decision form's parts; without one the person has no decision to make here.</summary>
    internal sealed record Form(string Token);

    public static Html Render(Gate gate, DateTimeOffset now, Form? form, string? notice, Html whyNot, bool mayReadRun) => Html.Of($"""
        <article class="review">
        <p class="crumb"><a href="/approvals">Approvals</a> › {Run(gate, mayReadRun)}</p>
        <h1 class="text">{gate.Request.Title}</h1>
        {Html.When(notice is not null, () => Html.Of($"""<p class="notice bad" role="alert">{notice}</p>"""))}
        {State(gate, now)}
        <dl class="facts">
          <div><dt>Asked by</dt><dd>{AskedBy(gate)}</dd></div>
          <div><dt>Started by</dt><dd>{string.Join(", ", gate.Initiators)}</dd></div>
          <div><dt>Published by</dt><dd>{gate.Author ?? "unknown"}</dd></div>
          <div><dt>Approvers</dt><dd>{string.Join(", ", gate.Request.Approvers)}{Exclusions(gate)}</dd></div>
          <div><dt>Approvals</dt><dd>{gate.Votes.Count(vote => vote.Approves)} of {gate.Request.Quorum}</dd></div>
          <div><dt>If rejected</dt><dd>{Consequence(gate.Request.OnReject)}</dd></div>
          <div><dt>If time runs out</dt><dd>{Consequence(gate.Request.OnExpiry)}</dd></div>
        </dl>
        {Html.When(gate.Request.Description is not null, () => Html.Of($"""
        <section aria-labelledby="why"><h2 id="why">Recommendation</h2><p class="label">Written by the workflow or an agent</p><p class="text quote">{gate.Request.Description}</p></section>
        """))}
        <section aria-labelledby="what"><h2 id="what">What will run</h2>
        {(gate.Calls.IsEmpty ? Html.Of($"""<p class="dim">This gate covers no call.</p>""") : Html.Of($"""<ol class="calls">{Html.Join(gate.Calls.Select(Call))}</ol>"""))}
        </section>
        {Html.When(!gate.Votes.IsEmpty, () => Html.Of($"""<section aria-labelledby="votes"><h2 id="votes">Decisions so far</h2><ul class="votes">{Html.Join(gate.Votes.Select(Vote))}</ul></section>"""))}
        {(form is null ? Closed(gate, whyNot) : Decide(gate, form))}
        <p class="dim small">Shown content <code>{gate.ShownDigest}</code></p>
        </article>
        """);

    private static Html Run(Gate gate, bool mayRead)
    {
        if (gate.Run is not { Value: var run }) return Html.Of($"a client's own call");
        var text = run[..Math.Min(8, run.Length)];
        return mayRead ? Html.Of($"""<a href="/runs/{run}">run {text}</a>""") : Html.Of($"run {text}");
    }

    private static Html AskedBy(Gate gate) => gate.Workflow is { } workflow
        ? Html.Of($"{workflow.Name} {workflow.Version}, task <code>{gate.Request.Task.Name}</code>")
        : Html.Of($"a client's own call through /mcp");

    private static Html State(Gate gate, DateTimeOffset now)
    {
        if (gate.Outcome is { } outcome)
            return Html.Of($"""<p class="state">{Parts.Status(outcome.ToString().ToLowerInvariant())} {(gate.ClosedAt is { } at ? Parts.Time(at) : Html.Empty)}</p>""");
        var left = gate.Request.ExpiresAt - now;
        return left > TimeSpan.Zero
            ? Html.Of($"""<p class="state">{Parts.Status("open")} <strong>{Parts.Span(left)} left</strong>, until {Parts.Time(gate.Request.ExpiresAt)}</p>""")
            : Html.Of($"""<p class="state">{Parts.Status("expired")} since {Parts.Time(gate.Request.ExpiresAt)}</p>""");
    }

    private static Html Call(BoundCall call) => Html.Of($"""
        <li class="call">
          <h3><code>{call.Target.Name}</code> <small>{call.Kind} · version {call.Target.Version}</small></h3>
          <dl class="facts">
            <div><dt>Task</dt><dd><code>{call.Frame.Value}</code></dd></div>
            <div><dt>Goes to</dt><dd><code>{call.Target.Address.ToString()}</code></dd></div>
            <div><dt>Policy</dt><dd>{call.PolicyReason ?? "The workflow asks for this approval."}</dd></div>
            {Html.When(!call.Computed.IsDefaultOrEmpty, () => Html.Of($"""<div class="warn"><dt>Computed later</dt><dd>{Html.Join(call.Computed.Select(pointer => Html.Of($"<code>{pointer}</code> ")))}<br><small>Not known yet: your approval holds for whatever value these take.</small></dd></div>"""))}
            {Html.When(call.Compensation is not null, () => Html.Of($"""<div><dt>Undone by</dt><dd><code>{call.Compensation!.Name}</code> {call.Compensation.Version} <small>approved with it</small></dd></div>"""))}
          </dl>
          <p class="label" id="args-{call.ArgumentsDigest}">Exact arguments</p>
          <pre class="json" tabindex="0" aria-labelledby="args-{call.ArgumentsDigest}">{PrettyJson.Write(call.Arguments)}</pre>
          <p class="dim small">Arguments <code>{call.ArgumentsDigest}</code><br>Contract <code>{call.Target.ContractDigest}</code></p>
        </li>
        """);

    private static Html Vote(Vote vote) => Html.Of($"""
        <li>{Parts.Status(vote.Approves ? "approved" : "rejected")} {vote.DisplayName} <small>{vote.By} as {vote.As}</small> {Parts.Time(vote.At)}{Html.When(vote.Reason is { Length: > 0 }, () => Html.Of($"""<p class="text quote">{vote.Reason}</p>"""))}</li>
        """);

    private static Html Decide(Gate gate, Form form) => Html.Of($"""
        <section aria-labelledby="decide" class="panel decide"><h2 id="decide">Your decision</h2>
        <form method="post" action="/approvals/{gate.Id.Value}" class="stack">
          <input type="hidden" name="{FormGuard.Field}" value="{form.Token}">
          <input type="hidden" name="shown" value="{gate.ShownDigest}">
          <label>Reason <span class="dim">(kept in the audit)</span><textarea name="reason" rows="3" maxlength="2000"></textarea></label>
          <div class="buttons"><button name="decision" value="approve" class="primary">Approve {Calls(gate)}</button><button name="decision" value="reject" class="danger">Reject</button></div>
        </form></section>
        """);

    private static Html Closed(Gate gate, Html whyNot) => Html.When(gate.Outcome is null, () => Html.Of($"""<p class="notice" role="note">{whyNot}</p>"""));

    private static string Calls(Gate gate) => gate.Calls.Length switch
    {
        0 => "",
        1 => "this call",
        var count => string.Create(CultureInfo.InvariantCulture, $"these {count} calls"),
    };

    /// <summary>What an outcome that is no approval leads to.</summary>
    internal static string Consequence(string action) => action switch
    {
        "fail" => "the run fails; nothing of this is executed",
        "escalate" => "it is asked again of the next approvers",
        _ => $"the run goes on with '{action}'; nothing of this is executed",
    };

    private static string Exclusions(Gate gate) => (gate.Request.ExcludeInitiator, gate.Request.ExcludeAuthor) switch
    {
        (true, true) => "; neither who started nor who published it",
        (true, false) => "; not who started it",
        (false, true) => "; not who published it",
        _ => "",
    };
}
