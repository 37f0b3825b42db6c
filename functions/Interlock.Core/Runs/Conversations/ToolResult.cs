using Interlock.Core.Gateway.Results;
using Interlock.Json;

namespace Interlock.Core.Runs.Conversations;

/// <summary>What a model is told of a choice: where it comes from, that it is not to be trusted, and what it is.</summary>
internal static class ToolResult
{
    private const int PreviewCharacters = 1000;
    private const int MostHandleCharacters = 8 * 1024;
    private const int MostDetail = 2000;

    /// <summary>A result; one with more characters than <paramref name="most"/> as its beginning and its handle.</summary>
    public static JsonValue Completed(AgentChoice choice, JsonValue output, int most) => Of(choice.From(), "result", Shown(output, most));

    public static JsonValue Failed(AgentChoice choice, Problem problem)
    {
        var error = JsonValue.Object(("title", Excerpt.Of(problem.Title, MostDetail)), ("status", problem.Status));
        if (problem.Detail is { } detail) error = error.With("detail", Excerpt.Of(detail, MostDetail));
        if (problem.Rule is { } rule) error = error.With("rule", rule);
        return Of(choice.From(), "error", error);
    }

    /// <summary>A choice that was refused before anything was called: our own word.</summary>
    public static JsonValue Refused(string rule, string detail) =>
        JsonValue.Object(("from", "interlock"), ("refused", JsonValue.Object(("rule", rule), ("detail", detail))));

    /// <summary>A text that stands for turns.</summary>
    public static JsonValue Summary(string agent, string text, int most) => Of("agent:" + agent, "result", Shown(text, most));

    private static JsonValue Of(string from, string what, JsonValue value) => JsonValue.Object(("from", from), ("untrusted", true), (what, value));

    private static JsonValue Shown(JsonValue output, int most)
    {
        if (output.Size <= most || IsHandle(output)) return output;
        var text = output.StringOrNull() ?? output.ToString();
        return JsonValue.Object(
            ("preview", Excerpt.Of(text, Math.Min(most, PreviewCharacters))), ("characters", text.Length), ("digest", CanonicalJson.Digest(output)));
    }

    /// <summary>Whether the gateway kept the result apart already: what is left of it is short.</summary>
    private static bool IsHandle(JsonValue output) => output.Size <= MostHandleCharacters && output.IsObject && output["preview"] is { IsString: true }
        && output["uri"]?.StringOrNull()?.StartsWith(Artifact.UriPrefix, StringComparison.Ordinal) == true;
}
