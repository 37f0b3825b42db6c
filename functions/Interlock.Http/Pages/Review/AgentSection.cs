using Interlock.Core.Runs;

namespace Interlock.Http.Pages.Review;

/// <summary>Which agent chose the call, why as it says, towards which goal, and where its loop stands. Its words are a model's, which may have read anything.</summary>
internal static class AgentSection
{
    public static Html Render(ReviewView view)
    {
        var chooser = view.Gate.Request.ChosenBy!; // rendered only where there is one
        var limits = (view.Run?.Frames.GetValueOrDefault(chooser.Loop)?.State as FrameState.Conversation)?.Terms.Limits;
        return Html.Of($"""
            <section aria-labelledby="agent"><h2 id="agent">Chosen by an agent</h2>
            <dl class="facts">
              <div><dt>Agent</dt><dd><code>{chooser.Agent}</code>{Html.When(chooser.Behind is { Count: > 0 }, () => Html.Of($" <small>working for {string.Join(", ", chooser.Behind!.Reverse())}</small>"))}</dd></div>
              <div><dt>In its loop</dt><dd>turn {chooser.Turn}{Most(limits?.Steps)}, choice {chooser.Call}{Html.When(limits is not null, () => Html.Of($" <small>at most {limits!.Calls} calls</small>"))}<br><code>{chooser.Loop.Value}</code></dd></div>
            </dl>
            <h3 class="label" id="agent-reason">Its reason: a model's words, not checked</h3><p class="text quote" aria-labelledby="agent-reason">{chooser.Reason}</p>
            <h3 class="label" id="agent-goal">Its goal, as it was given: not checked either</h3><p class="text quote" aria-labelledby="agent-goal">{chooser.Goal}</p>
            </section>
            """);
    }

    private static Html Most(int? limit) => limit is { } most ? Html.Of($" of at most {most}") : Html.Empty;
}
