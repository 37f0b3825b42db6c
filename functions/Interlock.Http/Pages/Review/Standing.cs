using Interlock.Core.Approvals;

namespace Interlock.Http.Pages.Review;

/// <summary>The votes of a gate that count now for one choice about a failed step, or for its approval.</summary>
internal sealed record Standing(Gate Gate, string? Choice, IReadOnlyList<CountedVote> Votes)
{
    /// <summary>How many more must approve.</summary>
    public int More => Gate.Request.Requirements.Select((_, index) => MoreOf(index)).Sum();

    public int MoreOf(int requirement) => Math.Max(0, Gate.Request.Requirements[requirement].Quorum - Of(requirement).Count());

    public IEnumerable<Vote> Of(int requirement) => Votes.Where(vote => vote.Requirement == requirement).Select(vote => vote.Vote);
}
