using System.Collections.Immutable;

namespace Interlock.Core.Approvals;

/// <summary>Gives each vote to at most one requirement, so that as many seats as can be are taken: nobody counts twice.</summary>
internal static class Quorum
{
    /// <summary>For each vote the requirement it counts for, or -1; by augmenting paths (bipartite matching with capacities).</summary>
    /// <param name="candidates">For each vote, the requirements it could count for.</param>
    /// <param name="seats">For each requirement, how many it takes.</param>
    public static int[] Assign(IReadOnlyList<ImmutableArray<int>> candidates, IReadOnlyList<int> seats)
    {
        var assigned = Enumerable.Repeat(-1, candidates.Count).ToArray();
        for (var vote = 0; vote < candidates.Count; vote++) Seat(vote, new bool[seats.Count]);
        return assigned;

        bool Seat(int vote, bool[] tried)
        {
            foreach (var requirement in candidates[vote])
            {
                if (tried[requirement]) continue;
                tried[requirement] = true;
                var taken = Enumerable.Range(0, assigned.Length).Where(other => assigned[other] == requirement).ToList();
                if (taken.Count >= seats[requirement] && !taken.Exists(other => Seat(other, tried))) continue;
                assigned[vote] = requirement;
                return true;
            }
            return false;
        }
    }
}
