using System.Globalization;
using Interlock.Json;

namespace Interlock.Http.Pages.Review;

/// <summary>One property of a form's object. Left blank it is left out.</summary>
internal sealed record SchemaField(string Id, string Name, JsonValue Schema, bool IsRequired)
{
    private const int ShortText = 120;

    private string? Type => Schema["type"]?.StringOrNull();

    private JsonValue? Choices => Schema["enum"] is { IsArray: true, Count: > 0 } choices ? choices : null;

    public string Label => Schema["title"]?.StringOrNull() ?? Name;

    public Html Render(Draft draft)
    {
        var typed = DecisionSection.Typed(draft, Id, Initial());
        var description = Schema["description"]?.StringOrNull();
        return Html.Of($"""
            <label for="{Id}">{Label} <span class="dim">{(IsRequired ? "needed" : "if known")}{(Hint() is { } hint ? ", " + hint : "")}</span></label>
            {Html.When(description is not null, () => Html.Of($"""<p class="dim text hint" id="{Id}-hint">{description}</p>"""))}
            {DecisionSection.Errors(draft, Id)}
            {Input(typed, Attributes(draft, description is not null))}
            """);
    }

    /// <summary>What was filled in; neither value nor problem when it was left blank and may be.</summary>
    public (JsonValue? Value, string? Problem) Read(string? text)
    {
        if (text is null) return (null, IsRequired ? "this is needed." : null);
        if (Choices is { } choices)
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && choices[index] is { } choice ? (choice, null) : (null, "choose one of those offered.");
        if (Type == "string") return (text, null);
        if (Type == "boolean") return text switch { "true" => (true, null), "false" => (false, null), _ => (null, "choose yes or no.") };
        try
        {
            var value = StrictJson.Parse(text);
            return Type is "number" or "integer" && !value.IsNumber ? (null, "write a number.") : (value, null);
        }
        catch (NotIJsonException e)
        {
            return (null, Type is "number" or "integer" ? "write a number, such as 12 or 0.5." : e.Message);
        }
    }

    private string Initial()
    {
        if (Schema["default"] is not { } given) return "";
        if (Choices is { } choices) return choices.Items.ToList().IndexOf(given) is >= 0 and var index ? index.ToString(CultureInfo.InvariantCulture) : "";
        return Type == "string" && given.IsString ? given.AsString() : PrettyJson.Write(given);
    }

    private string? Hint() => (Type, Choices) switch
    {
        (_, not null) or ("string" or "boolean", _) => null,
        ("integer", _) => "a whole number",
        ("number", _) => "a number",
        _ => "as JSON",
    };

    private Html Attributes(Draft draft, bool isDescribed)
    {
        var isWrong = draft.ErrorsOf(Id).Any();
        var described = string.Join(" ", new[] { isDescribed ? Id + "-hint" : "", isWrong ? Id + "-error" : "" }.Where(id => id.Length > 0));
        return Html.Of($"""
            id="{Id}" name="{Id}"{Html.When(IsRequired, () => Html.Of($" required"))}{Html.When(isWrong, () => Html.Of($""" aria-invalid="true" """))}{Html.When(described.Length > 0, () => Html.Of($""" aria-describedby="{described}" """))}
            """);
    }

    private Html Input(string typed, Html attributes) => (Type, Choices) switch
    {
        (_, { } choices) => Select(attributes, typed, choices.Items.Select((choice, index) => (index.ToString(CultureInfo.InvariantCulture), choice.StringOrNull() ?? JsonText.Write(choice)))),
        ("boolean", _) => Select(attributes, typed, [("true", "Yes"), ("false", "No")]),
        ("string", _) when Limit() > ShortText => Html.Of($"""<textarea {attributes} rows="4"{MaxLength()}>{typed}</textarea>"""),
        ("string", _) => Html.Of($"""<input {attributes} value="{typed}"{MaxLength()}>"""),
        ("integer" or "number", _) => Html.Of($"""<input {attributes} value="{typed}" inputmode="decimal" autocomplete="off">"""),
        _ => Html.Of($"""<textarea {attributes} class="code" rows="4" spellcheck="false" autocapitalize="none">{typed}</textarea>"""),
    };

    private static Html Select(Html attributes, string chosen, IEnumerable<(string Value, string Text)> options) => Html.Of($"""
        <select {attributes}><option value="">Choose</option>{Html.Join(options.Select(option => Html.Of($"""<option value="{option.Value}"{Html.When(option.Value == chosen, () => Html.Of($" selected"))}>{option.Text}</option>""")))}</select>
        """);

    private Html MaxLength() => Html.When(Limit() is > 0 and < int.MaxValue, () => Html.Of($""" maxlength="{Limit()}" """));

    /// <summary>Texts without a limit get room for a few lines only when they say that they are text.</summary>
    private int Limit() => Schema["maxLength"] is { IsNumber: true } limit && limit.AsNumber() is >= 1 and < int.MaxValue and var most ? (int)most
        : Schema["contentMediaType"] is not null ? int.MaxValue : 0;
}
