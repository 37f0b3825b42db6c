using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Http.Pages.Review;

/// <summary>What is known of the harm a call can do, by whose word it is: the operator's counts, the server's claims are shown and count for nothing.</summary>
internal static class Risk
{
    public static Html Render(RegistryEntry? entry) => entry is null ? Gone() : Html.Of($"""
        {Html.When(entry.Lifecycle != Lifecycle.Active, () => Html.Of($"""<div class="warn"><dt>Registry</dt><dd>This version is {entry.Lifecycle.ToString().ToLowerInvariant()} now; at the call that is looked at again.</dd></div>"""))}
        <div><dt>Operator says</dt><dd>{Operator(entry)}</dd></div>
        {Html.When(entry.Kind == RegistryKind.Tool, () => Claims(entry.As<ToolBody>().Contract))}
        """);

    private static Html Gone() => Html.Of($"""<div class="warn"><dt>Registry</dt><dd>This version is not registered any more.</dd></div>""");

    private static string Operator(RegistryEntry entry)
    {
        var (readOnly, idempotent) = entry.Kind == RegistryKind.Tool ? (entry.As<ToolBody>().Settings.ReadOnly, entry.As<ToolBody>().Settings.Idempotent) : (false, entry.As<AgentBody>().Idempotent);
        return (readOnly, idempotent) switch
        {
            (true, true) => "it only reads; safe to repeat",
            (true, false) => "it only reads",
            (false, true) => "it may change things; safe to repeat",
            _ => "it may change things, and may do so again if repeated",
        };
    }

    private static Html Claims(JsonValue contract) => Html.Of($"""
        <div><dt>Server claims</dt><dd>{string.Join("; ", Hints(contract["annotations"]).DefaultIfEmpty("nothing"))}<br><small>Claimed by the server, not checked.</small>
        {Html.When(contract["description"]?.StringOrNull() is { Length: > 0 }, () => Html.Of($"""<details><summary>Its description</summary><p class="text quote">{contract["description"]!.AsString()}</p></details>"""))}</dd></div>
        """);

    private static IEnumerable<string> Hints(JsonValue? annotations)
    {
        string? Hint(string name, string yes, string no) => annotations?[name] is { IsBoolean: true } hint ? hint.AsBoolean() ? yes : no : null;
        string?[] hints =
        [
            Hint("readOnlyHint", "it only reads", "it changes things"),
            Hint("destructiveHint", "it may destroy", "it only adds"),
            Hint("idempotentHint", "safe to repeat", "repeating does it again"),
            Hint("openWorldHint", "it reaches the outside world", "it stays in a closed system"),
        ];
        return hints.OfType<string>();
    }
}
