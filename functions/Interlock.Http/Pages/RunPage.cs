using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Runs;

namespace Interlock.Http.Pages;

/// <summary>One run: how it stands, what it waits for, and what happened, from its audit and its events.</summary>
internal static class RunPage
{
    public static Html Render(RunState run, IReadOnlyList<AuditEntry> audit, IReadOnlyList<RunEvent> events, bool isCut, DateTimeOffset now) => Html.Of($"""
        <p class="crumb"><a href="/runs">Runs</a></p>
        <h1>{run.Workflow.Name} <small>{run.Workflow.Version}</small></h1>
        <p class="state">{Parts.Status(run.Suspended && !run.Status.IsClosed() ? "suspended" : run.Status.Text())} started {Parts.Time(run.StartedAt)} by {run.Origin.Starter.Subject} ({run.Origin.Trigger}), {(run.Status.IsClosed() ? "took " + Parts.Span(run.Now - run.StartedAt) : "for " + Parts.Span(now - run.StartedAt))}</p>
        {Html.When(run.Error is not null, () => Html.Of($"""<div class="notice bad" role="note"><strong>{run.Error!.Title}</strong> <span class="text">{run.Error.Detail}</span> {Html.When(run.Error.Rule is not null, () => Html.Of($"<code>{run.Error.Stage}: {run.Error.Rule}</code>"))} {Html.When(run.Error.Instance is not null, () => Html.Of($"at <code>{run.Error.Instance}</code>"))}</div>"""))}
        {Html.When(!run.InDoubt.IsEmpty, () => Html.Of($"""<p class="notice warn" role="note">{run.InDoubt.Count} call(s) may or may not have happened. Look at the tool, then say what happened.</p>"""))}
        {Html.When(!run.Pending.IsEmpty, () => Html.Of($"""<section aria-labelledby="waits"><h2 id="waits">Waits for</h2><ul class="cards">{Html.Join(run.Pending.Values.Select(command => Pending(run, command, now)))}</ul></section>"""))}
        <section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2>
        {Parts.Scroll("Table of what happened", Timeline(run, audit, events))}
        {Html.When(isCut, () => Html.Of($"""<p class="dim">Only the first part is shown; the audit export has everything.</p>"""))}
        </section>
        <section aria-labelledby="data"><h2 id="data">Data</h2>
        <details><summary>Input</summary><pre class="json">{PrettyJson.Write(run.Input)}</pre></details>
        {Html.When(run.Output is not null, () => Html.Of($"""<details open><summary>Output</summary><pre class="json">{PrettyJson.Write(run.Output!)}</pre></details>"""))}
        <p class="dim small">Run <code>{run.Id.Value}</code><br>Document <code>{run.Workflow.Digest}</code><br>Audit <code>{AuditChain.ForRun(run.Tenant, run.Id).Id}</code></p>
        </section>
        """);

    private static Html Timeline(RunState run, IReadOnlyList<AuditEntry> audit, IReadOnlyList<RunEvent> events) => Html.Of($"""
        <table class="timeline"><thead><tr><th scope="col">Time</th><th scope="col">What</th><th scope="col">Task</th><th scope="col">Details</th></tr></thead>
        <tbody>{Html.Join(Rows(run, audit, events))}</tbody></table>
        """);

    private static Html Pending(RunState run, Command command, DateTimeOffset now) => command switch
    {
        Command.OpenApproval open => Html.Of($"""<li><a href="/approvals/{open.Gate.Id.Value}"><strong>{open.Gate.Title}</strong></a> <span class="dim">approval · {Left(open.Gate.ExpiresAt, now)}</span></li>"""),
        Command.Call call => Html.Of($"""<li><code>{call.Target}</code> <span class="dim">{call.Task.Name} · {Left(call.Deadline, now)}</span></li>"""),
        Command.StartTimer timer => Html.Of($"""<li class="dim">{timer.Purpose.ToString().ToLowerInvariant()} timer of {(timer.Frame == FrameId.Root ? Html.Of($"the workflow") : Html.Of($"<code>{timer.Frame.Value}</code>"))} · {Left(timer.DueAt, now)}</li>"""),
        Command.EmitEvent emit => Html.Of($"""<li>event <code>{emit.Event["type"]?.StringOrNull()}</code> <span class="dim">{emit.Task.Name}</span></li>"""),
        Command.AwaitEvent wanted => Html.Of($"""<li>waits for {(wanted.Types.IsEmpty ? "any event" : "events")} <code>{string.Join(", ", wanted.Types)}</code> <span class="dim">{wanted.Task.Name}</span></li>"""),
        Command.StartChild child => Html.Of($"""<li>workflow <code>{child.Workflow}</code> <span class="dim">{child.Task.Name}{(child.Deadline is { } deadline ? $" · {Left(deadline, now)}" : "")}</span></li>"""),
        Command.HoldLock hold => Html.Of($"""<li>{(run.Locks?.ContainsKey(hold.Id) == true ? "holds the lock" : "waits for the lock")} <code>{hold.Name}</code> <span class="dim">{hold.Task.Name}{(hold.Deadline < DateTimeOffset.MaxValue ? $" · {Left(hold.Deadline, now)}" : "")}</span></li>"""),
        _ => Html.Of($"""<li class="dim">{command.GetType().Name}</li>"""),
    };

    private static string Left(DateTimeOffset until, DateTimeOffset now) => until > now ? Parts.Span(until - now) + " left" : "due";

    private static IEnumerable<Html> Rows(RunState run, IReadOnlyList<AuditEntry> audit, IReadOnlyList<RunEvent> events)
    {
        var tasks = audit.Where(entry => entry.Record is { Effect: not null, Task: not null }).GroupBy(entry => entry.Record.Effect!.Value).ToDictionary(group => group.Key, group => group.First().Record.Task!.Value.Name);
        var rows = events.DistinctBy(happened => happened is RunEvent.ChildCompleted child ? child.Child.Value : (object)happened) // which may be told twice
            .Select(happened => (happened.At, Row: Happened(happened, tasks))).Where(row => row.Row is not null).Select(row => (row.At, row.Row!.Value))
            .Concat(audit.Select(entry => (entry.Record.Time, Recorded(entry.Record))));
        return rows.OrderBy(row => row.Item1).Select(row => row.Item2);
    }

    private static Html Recorded(AuditRecord record)
    {
        var word = record.Type switch
        {
            AuditTypes.RunStarted => "Run started",
            AuditTypes.RunState => record.Decision is { } asked ? $"Asked to {asked}" : $"Run {record.Outcome}",
            AuditTypes.CallIntent => "Call",
            AuditTypes.CallOutcome => $"Call {record.Outcome}",
            AuditTypes.CallRefused => "Refused",
            AuditTypes.EventEmitted => "Event emitted",
            AuditTypes.LockGranted => "Lock granted",
            AuditTypes.LockReleased => "Lock given back",
            AuditTypes.LockRefused => "Lock refused",
            AuditTypes.GateOpened => "Approval asked",
            AuditTypes.GateVote => record.Decision switch { "approve" => "Approved by", "reject" => "Rejected by", "return" => "Information asked for by", var choice => $"Decided to {choice} by" },
            AuditTypes.GateChanged => $"Approval {record.Decision} by",
            AuditTypes.GateClosed => $"Approval {record.Outcome}",
            var other => other,
        };
        var isBad = record.Type is AuditTypes.CallRefused or AuditTypes.LockRefused || record.Outcome is "failed" or "unknown" or "faulted";
        return Row(record.Time, word, record.Task?.Name ?? "", isBad, Html.Of($"""
            {Html.When(record.Target is not null, () => Html.Of($"<code>{record.Target}</code> {record.ToolVersion ?? record.AgentVersion} "))}{Html.When(record.Type is AuditTypes.GateVote or AuditTypes.GateChanged or AuditTypes.RunStarted, () => Html.Of($"{string.Join(", ", record.Actors)} "))}{Html.When(record.Rule is not null, () => Html.Of($"<code>{record.Stage}: {record.Rule}</code> "))}{Html.When(record.Gate is not null, () => Html.Of($"""<a href="/approvals/{record.Gate!.Value.Value}">approval</a> """))}<span class="text">{record.Reason ?? record.Problem?.Detail}</span>{Html.When(record.DurationMs is not null, () => Html.Of($""" <span class="dim">{Parts.Span(TimeSpan.FromMilliseconds(record.DurationMs!.Value))}</span>"""))}
            """));
    }

    /// <summary>What the audit of the run does not say: failures as the run saw them, timers, events it heard, and how its children ended.</summary>
    private static Html? Happened(RunEvent happened, Dictionary<Core.EffectId, string> tasks) => happened switch
    {
        RunEvent.EffectFailed failed => Row(failed.At, "Step failed", tasks.GetValueOrDefault(failed.Effect, ""), true, Html.Of($"""<span class="text">{failed.Problem.Title}. {failed.Problem.Detail}</span>""")),
        RunEvent.EventArrived heard => Row(heard.At, "Event heard", "", false, Html.Of($"""<code>{heard.Event["type"]?.StringOrNull()}</code> <span class="dim">{heard.Event["source"]?.StringOrNull()}</span>""")),
        RunEvent.ChildCompleted child => Row(child.At, $"Workflow {child.Outcome.ToString().ToLowerInvariant()}", "", child.Outcome != RunStatus.Completed, Html.Of($"""<a href="/runs/{child.Child.Value}">run</a> <span class="text">{child.Problem?.Detail}</span>""")),
        RunEvent.TimerFired timer => Row(timer.At, "Timer", "", false, Html.Empty),
        _ => null,
    };

    private static Html Row(DateTimeOffset at, string what, string task, bool isBad, Html details) => Html.Of($"""
        <tr{(isBad ? Html.Of($""" class="bad" """) : Html.Empty)}><td>{Parts.Time(at)}</td><td>{what}</td><td>{task}</td><td>{details}</td></tr>
        """);
}
