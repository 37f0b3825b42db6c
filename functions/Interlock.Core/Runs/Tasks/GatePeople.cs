using System.Collections.Immutable;
using Interlock.Core.Policy;
using Interlock.Core.Workflows;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Who is asked, for how long, and what the document says follows when nobody decides.</summary>
internal sealed record GatePeople(
    ImmutableArray<Approver> Approvers, int Quorum, ImmutableArray<ApproverRequirement> Also, bool ExcludeInitiator, bool ExcludeAuthor,
    TimeSpan ExpiresAfter, string OnExpiry)
{
    public static GatePeople Of(ApprovalTask task) =>
        new(task.Approvers, task.Quorum, task.Also, task.ExcludeInitiator, task.ExcludeAuthor, task.ExpiresAfter, Word(task.OnExpiry));

    /// <summary>The people who come after them, under the same exclusions.</summary>
    public static GatePeople Of(ApprovalTask task, GateEscalation next) =>
        new(next.Approvers, next.Quorum, next.Also, task.ExcludeInitiator, task.ExcludeAuthor, next.ExpiresAfter, Word(next.OnExpiry));

    public static GatePeople Of(StepEscalation step) =>
        new(step.Approvers, step.Quorum, step.Also, step.ExcludeInitiator, step.ExcludeAuthor, step.ExpiresAfter, Word(step.OnExpiry));

    public static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
