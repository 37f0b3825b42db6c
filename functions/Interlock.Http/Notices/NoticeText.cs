using System.Collections.Immutable;
using System.Globalization;
using Interlock.Core.Approvals;
using Interlock.Core.Notices;
using Interlock.Core.Runs;
using Interlock.Http.Pages.Review;

namespace Interlock.Http.Notices;

/// <summary>
/// What a message says of a gate, whatever its form: a summary, every text made plain and short, never an argument. All of a gate is on the review page, and
/// only there can it be decided; <see cref="LeftOut"/> says so.
/// </summary>
internal sealed record NoticeText(string Headline, string Title, ImmutableArray<(string Name, string Value)> Facts, string LeftOut)
{
    private const int MaxTitle = 200;
    private const int MaxName = 120;
    private const int MaxListed = 15;

    public static NoticeText Of(Gate gate, string what, string askedBy)
    {
        var facts = ImmutableArray.CreateBuilder<(string, string)>();
        facts.Add(gate.Workflow is { } workflow ? ("Workflow", PlainText.Of($"{workflow.Name} {workflow.Version}", MaxName)) : ("Asked from", "an MCP client"));
        facts.Add(("Started by", PlainText.Of(askedBy, MaxName)));
        facts.Add(("Will run", Calls(gate)));
        if (what == NoticeEvents.Closed)
        {
            var decided = gate.StandingVotes.Select(vote => $"{vote.DisplayName} ({Word(gate, vote)})").ToList();
            if (decided.Count > 0) facts.Add(("Decided by", List(decided, decided.Count)));
            if (gate.ClosedAt is { } closed) facts.Add(("Closed", Time(closed)));
        }
        else
        {
            var asked = gate.Request.Requirements.SelectMany(requirement => requirement.Approvers).Distinct().Select(approver => approver.ToString()).ToList();
            var needed = gate.Request.Requirements.Sum(requirement => requirement.Quorum);
            facts.Add(("Asked", List(asked, asked.Count)));
            facts.Add(("Needed", needed == 1 ? "1 approval" : Count(needed, "approvals")));
            facts.Add(("Until", Time(gate.Request.ExpiresAt)));
            facts.Add(("After that", FactsSection.Consequence(gate, gate.Request.OnExpiry)));
        }
        return new NoticeText(Headlined(gate, what), PlainText.Of(gate.Request.Title, MaxTitle), facts.ToImmutable(), what == NoticeEvents.Closed
            ? "This is a summary. The review page shows every call with its arguments, and who decided what."
            : "This is a summary, and deciding is not possible here. The review page shows every call with its exact arguments; decide there, signed in.");
    }

    private static string Headlined(Gate gate, string what) => what == NoticeEvents.Closed
        ? $"Approval {gate.Outcome?.ToString().ToLowerInvariant()}"
        : gate.Request.Failure is not null ? "A step failed: what now?"
        : gate.Request.IsEscalation ? "Approval needed: nobody decided, it was escalated" : "Approval needed";

    private static string Word(Gate gate, Vote vote) => vote.Choice ?? (vote.Approves ? "approves" : gate.Outcome == GateOutcome.Returned ? "asks for information" : "rejects");

    private static string Calls(Gate gate)
    {
        if (gate.Calls.IsEmpty) return "no call is covered";
        var tools = gate.Calls.GroupBy(call => call.Target.Name, (tool, calls) => (Tool: tool, Count: calls.Count())).ToList();
        var named = tools.Select(tool => tool.Count == 1 ? tool.Tool : $"{tool.Tool} ×{tool.Count.ToString(CultureInfo.InvariantCulture)}");
        return $"{(gate.Calls.Length == 1 ? "1 call" : Count(gate.Calls.Length, "calls"))}: {List(named, tools.Count)}";
    }

    private static string List(IEnumerable<string> texts, int count)
    {
        var shown = string.Join(", ", texts.Take(MaxListed).Select(text => PlainText.Of(text, MaxName)));
        return count > MaxListed ? $"{shown} and {Count(count - MaxListed, "more")}" : shown;
    }

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}");

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
