using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Core.Workflows;

/// <summary>A jq expression of a document, without its <c>${ }</c>. <see cref="Path"/> is its JSON pointer, for error reports.</summary>
public sealed record Expression(string Source, JqProgram Program, string Path)
{
    /// <summary>The runtime arguments there are; which of them an expression may read depends on where it stands.</summary>
    public static IReadOnlyList<string> RuntimeArguments { get; } = ["context", "input", "output", "task", "workflow", "runtime"];

    /// <summary>What it gives when it fails: the text itself, where a document evaluates every text. Null where a failure is an error.</summary>
    public JsonValue? Otherwise { get; init; }

    /// <summary>The first output of the program.</summary>
    /// <exception cref="ExpressionException">It raised an error, went over a limit or gave no value: never a silent null or false.</exception>
    public JsonValue Evaluate(JsonValue input, IEvaluationScope scope)
    {
        try
        {
            foreach (var value in Program.Evaluate(input, scope.For(Program.References))) return value;
        }
        catch (JqException e)
        {
            return Otherwise ?? throw new ExpressionException(this, e.Message);
        }
        catch (JqLimitException e)
        {
            throw new ExpressionException(this, $"it went over the limit on {e.Limit}");
        }
        return Otherwise ?? throw new ExpressionException(this, "it gave no value");
    }

    /// <summary>As <see cref="Evaluate"/>, for a condition: anything but true or false is an error.</summary>
    public bool EvaluateCondition(JsonValue input, IEvaluationScope scope) => Evaluate(input, scope) switch
    {
        { Kind: JsonKind.True } => true,
        { Kind: JsonKind.False } => false,
        var other => throw new ExpressionException(this, $"a condition must be true or false, this one gave {Describe(other)}"),
    };

    private static string Describe(JsonValue value) => value.Kind switch
    {
        JsonKind.Null => "null",
        JsonKind.Number => "a number",
        JsonKind.String => "a string",
        JsonKind.Array => "an array",
        _ => "an object",
    };
}
