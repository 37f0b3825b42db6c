using System.Buffers;
using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>
/// Which events, of schedules and of listening tasks. A text of a filter must be equal, or, where it holds what only regular expressions have,
/// match as one from end to end; a text that is no regular expression is just a text.
/// </summary>
internal static class EventReader
{
    private static readonly SearchValues<char> Marks = SearchValues.Create(@"\^$*+?()[]{}|");

    public static EventConsumption Consumption(TaskReader reader, JsonValue to, string pointer, ImmutableArray<string> variables, IReadOnlyList<string> arguments)
    {
        if (to["one"] is { } one) return new EventConsumption.One(Filter(reader, one, pointer + "/one", variables, arguments));
        if (to["all"] is { } all) return new EventConsumption.All(Filters(reader, all, pointer + "/all", variables, arguments));
        var until = to["until"];
        return new EventConsumption.Any(Filters(reader, to["any"]!, pointer + "/any", variables, arguments)) // the schema asks for one of the three
        {
            Until = reader.Expressions.Bare(until, pointer + "/until", variables, arguments),
            UntilEvents = until is { IsObject: true } ? Consumption(reader, until, pointer + "/until", variables, arguments) : null,
        };
    }

    private static ImmutableArray<EventFilter> Filters(TaskReader reader, JsonValue filters, string pointer, ImmutableArray<string> variables, IReadOnlyList<string> arguments) =>
        [.. filters.Items.Select((filter, i) => Filter(reader, filter, JsonPointer.Append(pointer, i), variables, arguments))];

    private static EventFilter Filter(TaskReader reader, JsonValue filter, string pointer, ImmutableArray<string> variables, IReadOnlyList<string> arguments)
    {
        var with = filter["with"]!; // required by the schema
        var attributes = with.Members.ToDictionary(
            attribute => attribute.Key,
            attribute => Attribute(reader, attribute.Value, JsonPointer.Append(pointer + "/with", attribute.Key), variables, arguments),
            StringComparer.Ordinal);
        var type = attributes.GetValueOrDefault("type") is Template.Literal { Value.IsString: true } literal && attributes.Remove("type") ? literal.Value.AsString() : null;
        return new(type, attributes)
        {
            Correlate = filter["correlate"] is { } correlate
                ? [.. correlate.Members.Select(one => Correlation(reader, one.Key, one.Value, JsonPointer.Append(pointer + "/correlate", one.Key), variables, arguments)).OfType<EventCorrelation>()]
                : [],
        };
    }

    private static EventCorrelation? Correlation(TaskReader reader, string name, JsonValue source, string pointer, ImmutableArray<string> variables, IReadOnlyList<string> arguments)
    {
        var expect = source["expect"] is { } expected ? reader.Expressions.Template(expected, pointer + "/expect", variables, arguments) : null;
        return reader.Expressions.Bare(source["from"], pointer + "/from", variables, arguments) is { } from ? new(name, from, expect) : null;
    }

    private static Template Attribute(TaskReader reader, JsonValue value, string pointer, ImmutableArray<string> variables, IReadOnlyList<string> arguments)
    {
        var template = reader.Expressions.Template(value, pointer, variables, arguments);
        return template.IsLiteral && value.StringOrNull() is { } text && text.AsSpan().ContainsAny(Marks)
            && reader.Expressions.Bare(JsonValue.From(Matching(text)), pointer, [], ArgumentsAt.Nothing) is { } match
                ? new Template.Computed(match)
                : template;
    }

    private static string Matching(string text) =>
        $". == {JsonText.Write(text)} or (try test({JsonText.Write($"\\A(?:{text})\\z")}) catch false)";
}
