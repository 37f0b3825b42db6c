using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Tests.Jq;

/// <summary>
/// One line of <c>cases.jsonl</c> per program: its input, its outputs and how it ends, by an <c>error</c>, a <c>syntax</c>
/// error or a <c>limit</c>.
/// </summary>
public sealed class JqCorpusTests
{
    public static TheoryData<int, string> Cases()
    {
        var data = new TheoryData<int, string>();
        foreach (var (line, text) in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Jq", "cases.jsonl")).Index())
            data.Add(line + 1, text);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Evaluate_Case_GivesItsOutputsAndEnd(int line, string text)
    {
        var expected = StrictJson.ParseLenient(text);
        Assert.True(expected["program"] is { IsString: true }, $"line {line} has no program");
        var program = expected["program"]!.AsString(); // asserted
        var actual = JsonValue.Object(("program", program), ("input", expected["input"]!)); // every case has an input

        Assert.Equal(expected.ToString(), Run(actual, program, expected["input"]!).ToString());
    }

    [Fact]
    public void Cases_All_AreHundreds() => Assert.True(Cases().Count > 400);

    private static JsonValue Run(JsonValue record, string program, JsonValue input)
    {
        var outputs = JsonValue.EmptyArray;
        try
        {
            foreach (var output in JqProgram.Parse(program).Evaluate(input, JqScope.Empty)) outputs = outputs.Append(output);
            return record.With("outputs", outputs);
        }
        catch (JqException e)
        {
            return record.With("outputs", outputs).With("error", e.Value);
        }
        catch (JqSyntaxException e)
        {
            return record.With("outputs", outputs).With("syntax", e.Message);
        }
        catch (JqLimitException e)
        {
            return record.With("outputs", outputs).With("limit", e.Limit);
        }
    }
}
