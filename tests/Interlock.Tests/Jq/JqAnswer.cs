using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Tests.Jq;

/// <summary>How a program ended: its outputs as texts, and the error, if any. <see cref="Syntax"/> is the error of a text that is no program.</summary>
internal sealed record JqAnswer(string Outputs, string? Error, string? Syntax)
{
    private const int CompileError = 3;

    /// <summary>Neither an error of either kind.</summary>
    public bool IsFine => Error is null && Syntax is null;

    /// <summary>What our engine answers, numbers as jq keeps them.</summary>
    public static JqAnswer Ours(string program, string input)
    {
        var outputs = new List<string>();
        try
        {
            var parsed = JqProgram.Parse(program, keepsNumbers: true);
            foreach (var output in parsed.Evaluate(JqJson.Read(input).Single(), JqScope.Empty)) outputs.Add(JqJson.Write(output));
            return new(Join(outputs), null, null);
        }
        catch (JqSyntaxException e)
        {
            return new("", null, e.Message);
        }
        catch (JqException e)
        {
            return new(Join(outputs), e.Message, null);
        }
        catch (JqLimitException e)
        {
            return new(Join(outputs), $"limit: {e.Limit}", null);
        }
    }

    /// <summary>An answer of <c>reference.cjs</c>.</summary>
    public static JqAnswer Read(JsonValue answer)
    {
        var error = answer["error"]?.StringOrNull();
        var isSyntax = answer["exit"]?.AsNumber() == CompileError;
        return new(Join(Texts(answer["out"])), isSyntax ? null : error, isSyntax ? error : null);
    }

    /// <summary>An answer as a case of the corpus records it.</summary>
    public static JqAnswer Recorded(JsonValue answer) => new(Join(Texts(answer["out"])), answer["error"]?.StringOrNull(), answer["syntax"]?.StringOrNull());

    private static IEnumerable<string> Texts(JsonValue? texts) => texts is null ? [] : texts.Items.Select(text => text.AsString());

    private static string Join(IEnumerable<string> outputs) => string.Join('\n', outputs);
}
