using Interlock.Core.Gateway.Routing;

namespace Interlock.Tests.Gateway.Routing;

public sealed class RendezvousTests
{
    private const int Keys = 10_000;

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(90, 10, 0)]
    [InlineData(500, 300, 200)]
    [InlineData(1000, 1, 999)]
    public void Choose_ManyKeys_SharesAreTheWeights(params int[] weights)
    {
        var chosen = Choices(weights);
        for (var i = 0; i < weights.Length; i++)
        {
            var share = (double)weights[i] / weights.Sum();
            var bound = 4 * Math.Sqrt(Keys * share * (1 - share)) + 1; // four deviations of a fair draw
            Assert.InRange(chosen.Count(one => one == i), Keys * share - bound, Keys * share + bound);
        }
    }

    [Theory]
    [InlineData(new[] { 100, 100, 100 }, new[] { 100, 100, 200 })]
    [InlineData(new[] { 100, 100, 100 }, new[] { 100, 100, 0 })]
    [InlineData(new[] { 90, 10 }, new[] { 80, 10 })]
    [InlineData(new[] { 50, 50 }, new[] { 50, 50, 25 })]
    public void Choose_OneWeightChanges_OnlyItsOwnKeysMove(int[] before, int[] after)
    {
        var changed = Enumerable.Range(0, after.Length).Single(i => before.ElementAtOrDefault(i) != after[i]);
        var (old, next) = (Choices(before), Choices(after));
        var moved = Enumerable.Range(0, Keys).Where(key => old[key] != next[key]).ToList();
        Assert.NotEmpty(moved);
        Assert.All(moved, key => Assert.Equal(after[changed] > before.ElementAtOrDefault(changed) ? next[key] : old[key], changed));
        var least = Math.Abs((double)after[changed] / after.Sum() - (double)before.ElementAtOrDefault(changed) / before.Sum());
        var bound = 4 * Math.Sqrt(Keys * least * (1 - least));
        Assert.InRange(moved.Count, Keys * least - bound, Keys * least + bound);
    }

    [Fact]
    public void Choose_OtherRoute_ChoosesByItself()
    {
        var together = Choices([1, 1], "a").Zip(Choices([1, 1], "b")).Count(pair => pair.First == pair.Second);
        Assert.InRange(together, Keys * 0.47, Keys * 0.53);
    }

    private static int[] Choices(int[] weights, string route = "r") =>
        [.. Enumerable.Range(0, Keys).Select(key => Enumerable.Range(0, weights.Length).Where(i => weights[i] > 0).MaxBy(i => Rendezvous.Score(route, $"run:{key}", $"s/{i}", weights[i])))];
}
