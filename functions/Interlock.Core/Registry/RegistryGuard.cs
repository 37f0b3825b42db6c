namespace Interlock.Core.Registry;

/// <summary>What a change must find in the registry that it is made from, and which no other change comes between: the problem that refuses it, or null.</summary>
/// <param name="Refuse">Judges the registry.</param>
public sealed record RegistryGuard(Func<RegistrySnapshot, Problem?> Refuse)
{
    /// <summary>The proposal that the change applies, which is applied once.</summary>
    public string? Proposal { get; init; }

    /// <summary>Only says what would keep the change from being made: no server is asked, for a second person may not want it to be, and nothing is recorded or written.</summary>
    public bool IsTrial { get; init; }
}
