using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Workflows;

namespace Interlock.Core.Registry;

/// <summary>
/// Whether those whom a document asks are people and groups of the tenant, named by their ids: whoever takes over an e-mail address or a display name later must
/// not become an approver by it.
/// </summary>
internal sealed class KnownApprovers(IDirectory directory)
{
    /// <summary>One finding for each gate, and each autonomous step, that asks somebody unknown.</summary>
    public async Task<IReadOnlyList<Finding>> CheckAsync(TenantId tenant, WorkflowReadResult read, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var (pointer, asked) in read.Definition?.AllTasks.Values.SelectMany(Asked) ?? [])
        {
            if (await UnknownAsync(tenant, asked, cancellationToken) is { } unknown) findings.Add(read.Finding(pointer, Severity.Error, "approvers", unknown));
        }
        return findings;
    }

    private static IEnumerable<(string Pointer, IEnumerable<Approver> Asked)> Asked(TaskDefinition task) => task switch
    {
        ApprovalTask gate => [(gate.Path.Value + "/with/approvers", gate.Approvers.Concat(gate.Escalation?.Approvers ?? []))],
        AutonomousTask { Approval: { } people } => [(task.Path.Value + "/with/approval/approvers", people.Approvers.Concat(people.Also.SelectMany(also => also.Approvers)))],
        _ => [],
    };

    /// <summary>What is wrong with the first one that is unknown, or null.</summary>
    public async Task<string?> UnknownAsync(TenantId tenant, IEnumerable<Approver> approvers, CancellationToken cancellationToken)
    {
        return await FirstUnknownAsync(tenant, approvers, cancellationToken) is { } approver
            ? $"there is no {approver.Kind.ToString().ToLowerInvariant()} with the id '{Excerpt.Of(approver.Id, 80)}' in this tenant; approvers are named by the ids that the directory (Entra, or users.json) has, not by e-mail or display name"
            : null;
    }

    /// <summary>The first one whom the directory does not know, or null.</summary>
    public async Task<Approver?> FirstUnknownAsync(TenantId tenant, IEnumerable<Approver> approvers, CancellationToken cancellationToken)
    {
        foreach (var approver in approvers.Distinct())
        {
            var known = approver.Kind == ApproverKind.User
                ? await directory.FindUserAsync(tenant, approver.Id, cancellationToken) is not null
                : await directory.GroupExistsAsync(tenant, approver.Id, cancellationToken);
            if (!known) return approver;
        }
        return null;
    }
}
