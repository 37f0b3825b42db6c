using System.Collections.Immutable;

namespace Interlock.Core.Policy;

/// <summary>
/// Under which terms a gate would open: every requirement must be met; after it expires undecided, <see cref="Escalation"/>'s
/// terms take their place.
/// </summary>
public sealed record GateTerms(ImmutableArray<ApproverRequirement> Requirements, GateTerms? Escalation = null)
{
    /// <summary>A gate with one list of approvers, as documents write it.</summary>
    public static GateTerms Of(
        IEnumerable<Approver> approvers, int quorum, bool excludeInitiator, bool excludeAuthor, GateTerms? escalation = null) =>
        new([new([.. approvers], quorum, excludeInitiator, excludeAuthor)], escalation);
}
