using Interlock.Json;

namespace Interlock.Http.Pages.Review;

/// <summary>Differences by JSON pointer, each in words: added, removed, or changed from one value to another.</summary>
internal static class ChangeList
{
    public static Html Render(IReadOnlyCollection<JsonChange> changes) => Html.When(changes.Count > 0, () => Html.Of($"""<ul class="changes">{Html.Join(changes.Select(Change))}</ul>"""));

    private static Html Change(JsonChange change) => change switch
    {
        { From: null, To: { } added } => Item("added", "Added", change.Pointer, Value("+", added)),
        { From: { } removed, To: null } => Item("removed", "Removed", change.Pointer, Value("−", removed)),
        { From: { } from, To: { } to } => Item("changed", "Changed", change.Pointer, Html.Of($"""<div><span class="label">from</span>{Value("−", from)}</div><div><span class="label">to</span>{Value("+", to)}</div>""")),
        _ => Html.Empty,
    };

    private static Html Item(string kind, string word, string pointer, Html values) => Html.Of($"""
        <li class="{kind}"><strong>{word}</strong> <code>{(pointer.Length == 0 ? "the whole" : pointer)}</code>{values}</li>
        """);

    private static Html Value(string sign, JsonValue value) => Html.Of($"""<div class="json"><span aria-hidden="true">{sign} </span>{PrettyJson.Write(value)}</div>""");
}
