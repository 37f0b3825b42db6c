namespace Interlock.Core.Registry.Changes;

/// <summary>What became of a request or of a decision about one.</summary>
public abstract record ChangeResult
{
    /// <summary>The registry's answer: changed, or refused.</summary>
    public sealed record Answered(RegistryResult Result) : ChangeResult;

    /// <summary>It waits for a second person.</summary>
    public sealed record Proposed(Proposal Proposal) : ChangeResult;

    /// <summary>Nothing was decided.</summary>
    public sealed record Refused(string Rule, int Status, string Detail) : ChangeResult;

    public sealed record Rejected(Proposal Proposal) : ChangeResult;
}
