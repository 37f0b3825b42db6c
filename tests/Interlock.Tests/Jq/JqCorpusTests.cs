using Interlock.Json;

namespace Interlock.Tests.Jq;

/// <summary>
/// <c>cases.jsonl</c>, one program and input a line, with the outputs (<c>out</c>) and the <c>error</c>, or the <c>syntax</c> error in our words.
/// Where jq answers otherwise, <c>jq</c> holds its answer and <c>why</c> the reason; <c>web</c> says why the older jq of jq-web does not give jq's.
/// All texts, so that numbers stand as they are printed.
/// </summary>
public sealed class JqCorpusTests
{
    private const int MostShown = 20;

    private static readonly Lazy<IReadOnlyList<Case>> Corpus = new(() => [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Jq", "cases.jsonl")).Select(Case.Read)]);

    [Fact]
    public void Evaluate_EveryCase_GivesItsOutputsAndEnd() => AssertNone(Corpus.Value
        .Select(one => (Case: one, Actual: JqAnswer.Ours(one.Program, one.Input)))
        .Where(pair => pair.Actual != pair.Case.Expected)
        .Select(pair => $"{pair.Case}\n    expected {pair.Case.Expected}\n    actual   {pair.Actual}"));

    [Fact]
    public void Cases_All_AreMoreThan1500AndEachStandsOnce()
    {
        Assert.True(Corpus.Value.Count >= 1_500, $"only {Corpus.Value.Count} cases");
        Assert.Equal(Corpus.Value.Count, Corpus.Value.DistinctBy(one => (one.Program, one.Input)).Count());
    }

    [Fact]
    public void Cases_WhereJqDiffers_SayWhy() =>
        AssertNone(Corpus.Value.Where(one => (one.Jq is null) != (one.Why is null) || one.Why is "" || one.Jq == one.Expected).Select(one => one.ToString()));

    /// <summary>A wrong expectation is found here.</summary>
    [Fact]
    public async Task Cases_AgainstJq_AreWhatItAnswers()
    {
        var answers = await JqReference.AnswerAsync(JqReference.Release, [.. Corpus.Value.Select(one => (one.Program, one.Input))]);
        AssertNone(Corpus.Value.Zip(answers)
            .Where(pair => !Agree(pair.First.Jq ?? pair.First.Expected, pair.Second))
            .Select(pair => $"{pair.First}\n    recorded {pair.First.Jq ?? pair.First.Expected}\n    jq       {pair.Second}"));
    }

    [Fact]
    public async Task Cases_AgainstJqWeb_AreWhatItAnswersButForThoseNamed()
    {
        var cases = Corpus.Value.Where(one => one.Web is null).ToList();
        Assert.True(cases.Count > Corpus.Value.Count * 0.96, $"only {cases.Count} of {Corpus.Value.Count} are left to compare");
        var answers = await JqReference.AnswerAsync(JqReference.Older, [.. cases.Select(one => (one.Program, one.Input))]);
        AssertNone(cases.Zip(answers)
            .Select(pair => (Case: pair.First, Recorded: pair.First.Jq ?? pair.First.Expected, Jq: pair.Second))
            .Where(pair => pair.Recorded.IsFine != pair.Jq.IsFine || (pair.Jq.IsFine && pair.Recorded.Outputs != pair.Jq.Outputs))
            .Select(pair => $"{pair.Case}\n    recorded {pair.Recorded}\n    jq-web   {pair.Jq}"));
    }

    /// <summary>The texts of syntax errors are our own.</summary>
    private static bool Agree(JqAnswer recorded, JqAnswer jq) =>
        recorded.Outputs == jq.Outputs && recorded.Error == jq.Error && (recorded.Syntax is null) == (jq.Syntax is null);

    private static void AssertNone(IEnumerable<string> differences)
    {
        var all = differences.ToList();
        Assert.True(all.Count == 0, $"{all.Count} cases differ:\n{string.Join('\n', all.Take(MostShown))}");
    }

    private sealed record Case(string Program, string Input, JqAnswer Expected, JqAnswer? Jq, string? Why, string? Web)
    {
        public static Case Read(string line)
        {
            var one = StrictJson.Parse(line);
            return new(one["program"]!.AsString(), one["input"]!.AsString(), JqAnswer.Recorded(one), one["jq"] is { } jq ? JqAnswer.Recorded(jq) : null, one["why"]?.AsString(), one["web"]?.AsString()); // every case has both
        }

        public override string ToString() => $"{Program}  <-  {Input}";
    }
}
