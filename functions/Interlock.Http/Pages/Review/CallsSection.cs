using Interlock.Core.Approvals;
using Interlock.Core.Registry;

namespace Interlock.Http.Pages.Review;

/// <summary>Every call that an approval lets run, with all that it will send.</summary>
internal static class CallsSection
{
    public static Html Render(ReviewView view) => Html.Of($"""
        <section aria-labelledby="what"><h2 id="what">{(view.Gate.Request.Failure is null ? "What will run" : "What runs if it is tried again")}</h2>
        {(view.Gate.Calls.IsEmpty ? Html.Of($"""<p class="dim">This gate covers no call.</p>""") : Html.Of($"""<ol class="calls">{Html.Join(view.Gate.Calls.Select((call, index) => Call(view, call, index)))}</ol>"""))}
        </section>
        """);

    private static Html Call(ReviewView view, BoundCall call, int index) => Html.Of($"""
        <li class="call">
          <h3><code>{call.Target.Name}</code> <small>{call.Kind} · version {call.Target.Version}</small></h3>
          <dl class="facts">
            {Html.When(view.Gate.Run is not null, () => Html.Of($"<div><dt>Task</dt><dd><code>{call.Frame.Value}</code></dd></div>"))}
            <div><dt>Goes to</dt><dd><code>{call.Target.Address.ToString()}</code></dd></div>
            <div><dt>Policy</dt><dd>{call.PolicyReason ?? "The workflow asks for this approval."}</dd></div>
            {Risk.Render(view.Registry.Find(call.Kind == "tool" ? RegistryKind.Tool : RegistryKind.Agent, call.Target.Name, call.Target.Version))}
            {Html.When(!call.Computed.IsDefaultOrEmpty, () => Html.Of($"""<div class="warn"><dt>Computed later</dt><dd>{Html.Join(call.Computed.Select(pointer => Html.Of($"<code>{pointer}</code> ")))}<br><small>Not known yet: {(call.Floor.Any(floor => floor.SecondLook) ? "when they are, it is asked again" : "your approval holds for whatever value these take")}.</small></dd></div>"""))}
            {Html.When(call.Compensation is not null, () => Html.Of($"""<div><dt>Undone by</dt><dd><code>{call.Compensation!.Name}</code> {call.Compensation.Version} <small>approved with it</small></dd></div>"""))}
          </dl>
          <h4 class="label" id="arguments-of-{index}">Exact arguments</h4>
          <pre class="json" role="group" tabindex="0" aria-labelledby="arguments-of-{index}">{PrettyJson.Write(call.Arguments)}</pre>
          {DiffSection.Render(view.Gate, call, view.LastApproved.ElementAtOrDefault(index))}
          <p class="dim small">Arguments <code>{call.ArgumentsDigest}</code><br>Contract <code>{call.Target.ContractDigest}</code></p>
        </li>
        """);
}
