using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Http.Pages.Review;

/// <summary>A step that failed, with all that was known when it did: the problem, the step's input, and the run's context.</summary>
internal static class FailureSection
{
    public static Html Render(ReviewView view)
    {
        var failure = view.Gate.Request.Failure!; // asked for only where there is one
        var frame = view.Run?.Frames.GetValueOrDefault(failure.Frame);
        return Html.Of($"""
            <section aria-labelledby="failed"><h2 id="failed">What failed</h2>
            <div class="notice bad" role="note"><strong>{failure.Problem.Title}</strong> <span class="text">{failure.Problem.Detail}</span>{Html.When(failure.Problem.Rule is not null, () => Html.Of($" <code>{failure.Problem.Stage}: {failure.Problem.Rule}</code>"))}</div>
            <dl class="facts">
              <div><dt>Step</dt><dd><code>{failure.Frame.Value}</code></dd></div>
              <div><dt>Kind of error</dt><dd><code>{failure.Problem.Type}</code> {failure.Problem.Status}</dd></div>
            </dl>
            {Html.When(frame is not null, () => Html.Of($"""{Data("input", "The step's input", frame!.Input)}{Data("context", "The run's context", Context(view.Run!, frame))}"""))}
            </section>
            """);
    }

    private static Html Data(string id, string title, JsonValue value) => Html.Of($"""
        <h3 class="label" id="failed-{id}">{title}</h3><pre class="json" role="group" tabindex="0" aria-labelledby="failed-{id}">{PrettyJson.Write(value)}</pre>
        """);

    /// <summary>The root has one, and each branch of a fork its own.</summary>
    private static JsonValue Context(RunState run, Frame frame)
    {
        for (Frame? at = frame; at is not null; at = at.Parent is { } parent ? run.Frames.GetValueOrDefault(parent) : null)
            if (at.Context is { } context) return context;
        return JsonValue.EmptyObject;
    }
}
