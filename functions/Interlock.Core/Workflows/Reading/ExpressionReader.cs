using System.Text.RegularExpressions;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Core.Workflows.Reading;

/// <summary>
/// Turns literals of the document into expressions and templates. A text that, trimmed, starts with <c>${</c> and ends with <c>}</c> is an
/// expression; where only an expression makes sense (<c>if, when, in, while, as, from</c>) it may also stand bare. In the loose mode every other text is
/// tried as one, and stays a text where that fails.
/// </summary>
internal sealed partial class ExpressionReader(FindingLog log, bool isLoose)
{
    /// <summary>Whether texts are tried as expressions that are not marked as such.</summary>
    public bool IsLoose => isLoose;

    /// <summary>An expression, bare or wrapped; null when there is none or it is wrong (then there is a finding).</summary>
    /// <param name="value">What is written.</param>
    /// <param name="pointer">Where.</param>
    /// <param name="variables">The names that loops and handlers around it give.</param>
    /// <param name="arguments">The runtime arguments that are there; those of a task's definition unless given.</param>
    public Expression? Bare(JsonValue? value, string pointer, IEnumerable<string> variables, IReadOnlyList<string>? arguments = null)
    {
        if (value?.StringOrNull() is not { } text) return null;
        var (source, offset) = Unwrap(text) ?? (text, 0);
        return Parse(source, text, offset, pointer, variables, arguments ?? ArgumentsAt.Task);
    }

    /// <summary>As <see cref="Bare"/> for a text, as <see cref="Template"/> for an object.</summary>
    public Template? BareTemplate(JsonValue? value, string pointer, IEnumerable<string> variables, IReadOnlyList<string>? arguments = null) => value switch
    {
        null => null,
        { IsString: true } => Bare(value, pointer, variables, arguments) is { } expression ? new Template.Computed(expression) : Nothing,
        _ => Template(value, pointer, variables, arguments),
    };

    /// <summary>The literal with its expressions; members without any stay one literal.</summary>
    public Template Template(JsonValue value, string pointer, IEnumerable<string> variables, IReadOnlyList<string>? arguments = null)
    {
        switch (value.Kind)
        {
            case JsonKind.String:
                return Text(value, pointer, variables, arguments ?? ArgumentsAt.Task);
            case JsonKind.Array:
                var items = value.Items.Select((item, i) => Template(item, JsonPointer.Append(pointer, i), variables, arguments)).ToArray();
                return items.All(item => item.IsLiteral) ? new Template.Literal(value) : new Template.List(items);
            case JsonKind.Object:
                var members = value.Members
                    .Select(member => KeyValuePair.Create(member.Key, Template(member.Value, JsonPointer.Append(pointer, member.Key), variables, arguments))).ToArray();
                return members.All(member => member.Value.IsLiteral) ? new Template.Literal(value) : new Template.Map(members);
            default:
                return new Template.Literal(value);
        }
    }

    public static bool IsExpression(JsonValue? value) => value?.StringOrNull() is { } text && Unwrap(text) is not null;

    /// <summary>What the DSL has and no document gets.</summary>
    private static readonly string[] Withheld = ["secrets", "authorization"];

    /// <summary>Stands for what could not be read; the finding that goes with it keeps the definition from being used.</summary>
    public static Template Nothing { get; } = new Template.Literal(JsonValue.Null);

    private Template Text(JsonValue value, string pointer, IEnumerable<string> variables, IReadOnlyList<string> arguments)
    {
        var text = value.AsString();
        if (Unwrap(text) is var (source, offset))
            return Parse(source, text, offset, pointer, variables, arguments) is { } expression ? new Template.Computed(expression) : Nothing;
        if (isLoose) return Tried(value, pointer, variables, arguments);
        if (text.Contains("${", StringComparison.Ordinal))
        {
            log.Warn("expression-literal", pointer,
                "this text holds ${ but is no expression, so it stays as written; make the whole text one: ${ \"…\" + .name }");
        }
        else if (LooksMeant().IsMatch(text))
        {
            log.Warn("expression-literal", pointer, $"the text '{Quote.Short(text)}' stays as written; wrap it in ${{ }} if an expression is meant");
        }
        return new Template.Literal(value);
    }

    /// <summary>A text that may be an expression. One that reads secrets is refused, not taken for a text.</summary>
    private Template Tried(JsonValue value, string pointer, IEnumerable<string> variables, IReadOnlyList<string> arguments)
    {
        var text = value.AsString();
        try
        {
            var program = JqProgram.Parse(text, [.. arguments, .. variables, .. Withheld]);
            return Refused(program, text, pointer, [.. arguments, .. variables]) ? Nothing : new Template.Computed(new Expression(text, program, pointer) { Otherwise = value });
        }
        catch (JqSyntaxException)
        {
            return new Template.Literal(value);
        }
    }

    private static (string Source, int Offset)? Unwrap(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Length < 3 || !trimmed.StartsWith("${", StringComparison.Ordinal) || trimmed[^1] != '}') return null;
        var start = text.IndexOf("${", StringComparison.Ordinal) + 2;
        return (trimmed[2..^1], start);
    }

    private Expression? Parse(string source, string text, int offset, string pointer, IEnumerable<string> variables, IReadOnlyList<string> arguments)
    {
        try
        {
            var program = JqProgram.Parse(source, [.. Expression.RuntimeArguments, .. variables, .. Withheld]);
            return Refused(program, text, pointer, [.. arguments, .. variables]) ? null : new Expression(source, program, pointer);
        }
        catch (JqSyntaxException e)
        {
            var (line, column) = Place(text, Index(source, e.Line, e.Column) + offset);
            log.ErrorWithin("expression", pointer, line, column, $"not a jq expression: {e.Message}");
        }
        return null;
    }

    /// <summary>Whether the program reads what is not there for it, which is a finding.</summary>
    private bool Refused(JqProgram program, string text, string pointer, IReadOnlyList<string> known)
    {
        if (program.References.Variables.FirstOrDefault(reference => !known.Contains(reference.Variable))?.Variable is not { } name) return false;
        var (line, column) = Place(text, Math.Max(0, text.IndexOf("$" + name, StringComparison.Ordinal)));
        var (rule, message) = name switch
        {
            "secrets" => ("secrets", "$secrets is not available to expressions: secrets belong to a server's credentials, never to a document"),
            "authorization" => ("secrets", "$authorization is not available to expressions: credentials are resolved for the call alone"),
            _ => ("expression", $"${name} is not there yet, or no more, where this expression stands; it may read {(known.Count == 0 ? "its input" : string.Join(", ", known.Select(one => "$" + one)))}"),
        };
        log.ErrorWithin(rule, pointer, line, column, message);
        return true;
    }

    private static int Index(string source, int line, int column)
    {
        var index = 0;
        for (; line > 1 && source.IndexOf('\n', index) is >= 0 and var end; line--) index = end + 1;
        return Math.Min(source.Length, index + column - 1);
    }

    private static (int Line, int Column) Place(string text, int index)
    {
        var before = text.AsSpan(0, Math.Clamp(index, 0, text.Length));
        var newline = before.LastIndexOf('\n');
        return (before.Count('\n') + 1, before.Length - newline);
    }

    [GeneratedRegex(@"^\$(?:context|input|output|task|workflow|runtime|error|item|secrets)(?:[.\[ ]|$)", RegexOptions.CultureInvariant)]
    private static partial Regex LooksMeant();
}
