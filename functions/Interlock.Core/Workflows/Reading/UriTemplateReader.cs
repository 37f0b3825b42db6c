using System.Text;
using Interlock.Core.Endpoints;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Core.Workflows.Reading;

/// <summary>
/// The DSL's URI templates: of RFC 6570 only <c>{name}</c>, which stands for the member of that name of the task's input, percent-encoded; nothing where there is none or it is null,
/// an error where it is an object or array. Read as the jq program that says so.
/// </summary>
internal static class UriTemplateReader
{
    private const string Value = """
        def value(name): (if type == "object" then .[name] end) | if . == null then "" elif type == "string" then @uri elif type == "number" or type == "boolean" then (tojson | @uri) else error("'\(name)' is no text, number or boolean") end;
        """;

    private const string Operators = "+#./;?&=,!@|";

    /// <summary>An expression, or a template with its variables; that it can be a URL at all is checked here.</summary>
    public static Template Read(TaskReader reader, JsonValue uri, string pointer, IEnumerable<string> variables)
    {
        if (ExpressionReader.IsExpression(uri)) return reader.Expressions.Template(uri, pointer, variables);
        var text = uri.AsString(); // the schema asks for a text
        var (program, example) = (new StringBuilder(), new StringBuilder());
        var rest = text.AsSpan();
        while (rest.IndexOf('{') is >= 0 and var open)
        {
            var close = rest.IndexOf('}');
            if (Name(rest, open, close) is not { } name)
            {
                reader.Log.Error("endpoint", pointer, "a URI template holds names in braces, {name}, of which each stands for a member of the task's input; other expansions are not part of the DSL");
                return ExpressionReader.Nothing;
            }
            program.Append(Quoted(rest[..open])).Append(" + value(").Append(Quoted(name)).Append(") + ");
            example.Append(rest[..open]).Append('x');
            rest = rest[(close + 1)..];
        }
        if (EndpointUri.Read(example.Append(rest).ToString()).Flaw is { } flaw) reader.Log.Error("endpoint", pointer, $"this endpoint can't be called: {flaw}");
        return program.Length == 0
            ? new Template.Literal(uri)
            : new Template.Computed(new Expression(text, JqProgram.Parse($"{Value} {program}{Quoted(rest)}", Expression.RuntimeArguments), pointer));
    }

    private static string? Name(ReadOnlySpan<char> text, int open, int close) =>
        close > open + 1 && text[(open + 1)..close] is var name && !Operators.Contains(name[0]) && name.IndexOfAny("{,:*") < 0 ? name.ToString() : null;

    private static string Quoted(ReadOnlySpan<char> text) => JsonText.Write(JsonValue.From(text.ToString()));
}
