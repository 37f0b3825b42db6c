using System.Collections.Immutable;
using Interlock.Core.Policy;

namespace Interlock.Core.Workflows;

/// <summary>What people may decide about a failed step.</summary>
public enum StepChoice
{
    /// <summary>The step is begun anew.</summary>
    Retry,

    /// <summary>The step ends with its input as its output.</summary>
    Skip,

    /// <summary>The call is made anew with other arguments.</summary>
    Edit,

    /// <summary>The error goes on outwards.</summary>
    Fail,
}

/// <summary>
/// Who is asked what to do about a failed step, by when, and what follows when nobody decides: <see cref="StepAction.Fail"/> or
/// <see cref="StepAction.Skip"/>. <see cref="StepChoice.Fail"/> is always among the choices: rejecting is that.
/// </summary>
public sealed record StepEscalation(
    ImmutableArray<Approver> Approvers, int Quorum, TimeSpan ExpiresAfter, StepAction OnExpiry, ImmutableArray<StepChoice> Choices)
{
    public ImmutableArray<ApproverRequirement> Also { get; init; } = [];
    public bool ExcludeInitiator { get; init; } = true;
    public bool ExcludeAuthor { get; init; } = true;
}
