using System.Globalization;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Http.Pages.Review;

/// <summary>
/// A form for a JSON Schema: a field for each property of an object, by its type; what has no simple field is written as JSON. What is filled in is read into
/// a value and validated; nothing is coerced beyond the field's own type.
/// </summary>
internal sealed class SchemaForm
{
    private const string Whole = "information";

    private readonly JsonValue _schema;
    private readonly List<SchemaField> _fields;

    private SchemaForm(JsonValue schema, List<SchemaField> fields) => (_schema, _fields) = (schema, fields);

    public static SchemaForm Of(JsonValue schema)
    {
        var required = schema["required"] is { IsArray: true } names ? names.Items.Select(name => name.StringOrNull()).ToHashSet() : [];
        var properties = schema["properties"] is { IsObject: true } members ? members.Members.ToList() : [];
        return new(schema, [.. properties.Select((property, index) =>
            new SchemaField(string.Create(CultureInfo.InvariantCulture, $"{Whole}-{index}"), property.Key, property.Value, required.Contains(property.Key)))]);
    }

    public Html Render(Draft draft) => Html.Of($"""
        <fieldset id="{Whole}" class="stack"><legend>{_schema["title"]?.StringOrNull() ?? "What you need to know"}</legend>
        {Html.When(_schema["description"]?.StringOrNull() is not null, () => Html.Of($"""<p class="dim text">{_schema["description"]!.AsString()}</p>"""))}
        {DecisionSection.Errors(draft, Whole)}
        {Html.Join(_fields.Select(field => field.Render(draft)))}
        </fieldset>
        """);

    /// <summary>The value, or null and what is wrong with each field.</summary>
    public (JsonValue? Value, Draft Draft) Read(Draft draft)
    {
        var value = JsonValue.EmptyObject;
        foreach (var field in _fields)
        {
            var (given, problem) = field.Read(draft.Fields[field.Id]);
            if (problem is not null) draft = draft.With(field.Id, $"{field.Label}: {problem}");
            else if (given is not null) value = value.With(field.Name, given);
        }
        if (!draft.Errors.IsEmpty) return (null, draft);
        try
        {
            foreach (var error in JsonSchema.Compile(_schema, JsonSchemaOptions.Asserting).Validate(value))
            {
                var field = _fields.Find(field => JsonPointer.Parse(error.InstanceLocation) is [var name, ..] && field.Name == name);
                draft = draft.With(field?.Id ?? Whole, field is null ? error.Message : $"{field.Label}: {error.Message}");
            }
        }
        catch (JsonSchemaException e)
        {
            draft = draft.With(Whole, $"The form's schema can't be used: {e.Message}");
        }
        return draft.Errors.IsEmpty ? (value, draft) : (null, draft);
    }
}
