namespace Interlock.Tests.Jq;

/// <summary>Programs by chance, evaluated here and by jq 1.8.2: the same outputs, and an error where jq has one.</summary>
public sealed class JqRandomTests
{
    private const int CaseCount = 4_000;
    private const int MostShown = 10;

    [Theory]
    [InlineData(1)]
    [InlineData(1_000_003)]
    public async Task Evaluate_RandomPrograms_DoWhatJqDoes(int seed)
    {
        var cases = Enumerable.Range(seed, CaseCount).Select(each => new JqGenerator(each).Next()).ToList();
        var answers = await JqReference.AnswerAsync(JqReference.Release, cases);
        var (compared, fine) = (0, 0);
        var differences = new List<string>();
        foreach (var ((program, input), jq) in cases.Zip(answers))
        {
            var ours = JqAnswer.Ours(program, input);
            if (ours.Error is not null && ours.Error.StartsWith("limit: ", StringComparison.Ordinal)) continue;
            compared++;
            if (ours.IsFine) fine++;
            if (ours.Outputs != jq.Outputs || ours.IsFine != jq.IsFine) differences.Add($"{program}  <-  {input}\n    jq   {jq}\n    ours {ours}");
        }
        Assert.True(differences.Count == 0, $"{differences.Count} of {compared} differ:\n{string.Join('\n', differences.Take(MostShown))}");
        Assert.True(compared > CaseCount * 0.99, $"only {compared} compared");
        Assert.True(fine > CaseCount / 4, $"only {fine} end without an error");
    }
}
