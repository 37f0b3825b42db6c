using Interlock.Core.Approvals;

namespace Interlock.Http.Pages.Review;

/// <summary>Who asks, on whose behalf, and what follows from each way it can end.</summary>
internal static class FactsSection
{
    private const string SecondLook = "second-look-required";

    public static Html Render(ReviewView view) => Html.Of($"""
        {Special(view.Gate)}
        <dl class="facts">
          <div><dt>Asked by</dt><dd>{AskedBy(view.Gate)}</dd></div>
          <div><dt>Started by</dt><dd>{string.Join(", ", view.Gate.Initiators)}</dd></div>
          {Html.When(view.Gate.Workflow is not null, () => Html.Of($"<div><dt>Published by</dt><dd>{view.Gate.Author ?? "unknown"}</dd></div>"))}
          <div><dt>{(view.Gate.Request.Failure is null ? "If rejected" : "If you let it fail")}</dt><dd>{Consequence(view.Gate, view.Gate.Request.OnReject)}</dd></div>
          <div><dt>If time runs out</dt><dd>{Consequence(view.Gate, view.Gate.Request.OnExpiry)}</dd></div>
        </dl>
        """);

    private static Html Special(Gate gate) => Html.Of($"""
        {Html.When(gate.Request.Again is not null, () => Html.Of($"""<p class="notice warn" role="note">This was approved before. {(gate.Request.Again == SecondLook ? "Values that were not known then are known now" : "At the call something was no longer what was approved")} (<code>{gate.Request.Again}</code>), so it is asked again.</p>"""))}
        {Html.When(gate.Request.IsEscalation, () => Html.Of($"""<p class="notice" role="note">The first approvers did not decide in time; it has come to the next ones.</p>"""))}
        """);

    private static Html AskedBy(Gate gate) => gate.Workflow is { } workflow
        ? Html.Of($"{workflow.Name} {workflow.Version}, task <code>{gate.Request.Task.Name}</code>")
        : Html.Of($"a client's own call through /mcp");

    /// <summary>What follows when it ends so without an approval.</summary>
    internal static string Consequence(Gate gate, string action) => (action, gate) switch
    {
        ("escalate", _) => "it is asked again of the next approvers; nothing of this is executed until they decide",
        (_, { Request.ChosenBy: not null }) => "the agent is told so and may go on without it; nothing of this is executed",
        (_, { Run: null }) => "the call is refused; nothing of this is executed",
        ("skip", { Request.Failure: not null }) => "the step is skipped; the run goes on with the step's input as its output",
        (_, { Request.Failure: not null }) => "the step's error goes on outwards, as if nobody had been asked",
        ("fail", _) => "the run fails; nothing of this is executed",
        ("skip", _) => "the run goes on without it; nothing of this is executed",
        _ => $"the run goes on with '{action}'; nothing of this is executed",
    };
}
