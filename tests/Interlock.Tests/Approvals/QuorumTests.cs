using System.Collections.Immutable;
using Interlock.Core.Approvals;

namespace Interlock.Tests.Approvals;

public sealed class QuorumTests
{
    [Fact]
    public void Assign_OnlyOneWayFits_FindsIt()
    {
        // The first could take either seat, the second only seat 0: a greedy choice would leave seat 1 empty.
        Assert.Equal([1, 0], Quorum.Assign([[0, 1], [0]], [1, 1]));
        Assert.Equal([2, 1, 0], Quorum.Assign([[0, 1, 2], [0, 1], [0]], [1, 1, 1]));
    }

    [Fact]
    public void Assign_OnePersonForTwoRequirements_TakesOne() => Assert.Equal([0], Quorum.Assign([[0, 1]], [1, 1]));

    [Fact]
    public void Assign_RandomCases_TakesAsManySeatsAsCanBe()
    {
        var random = new Random(7);
        for (var round = 0; round < 500; round++)
        {
            var seats = Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(1, 3)).ToArray();
            var votes = Enumerable.Range(0, random.Next(0, 6)).Select(_ => Enumerable.Range(0, seats.Length).Where(_ => random.Next(2) == 0).ToImmutableArray()).ToArray();
            var assigned = Quorum.Assign(votes, seats);
            for (var i = 0; i < votes.Length; i++) Assert.True(assigned[i] == -1 || votes[i].Contains(assigned[i]));
            for (var i = 0; i < seats.Length; i++) Assert.True(assigned.Count(one => one == i) <= seats[i]);
            Assert.Equal(Most(votes, 0, [.. seats]), assigned.Count(one => one >= 0));
        }
    }

    /// <summary>The most seats, by trying everything.</summary>
    private static int Most(ImmutableArray<int>[] votes, int from, int[] left)
    {
        if (from == votes.Length) return 0;
        var most = Most(votes, from + 1, left);
        foreach (var seat in votes[from].Where(seat => left[seat] > 0))
        {
            left[seat]--;
            most = Math.Max(most, 1 + Most(votes, from + 1, left));
            left[seat]++;
        }
        return most;
    }
}
