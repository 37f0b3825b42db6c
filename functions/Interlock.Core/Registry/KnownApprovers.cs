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
    /// <summary>One finding for each gate that asks somebody unknown.</summary>
    public async Task<IReadOnlyList<Finding>> CheckAsync(TenantId tenant, WorkflowReadResult read, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var gate in read.Definition?.AllTasks.Values.OfType<ApprovalTask>() ?? [])
        {
            var asked = gate.Approvers.Concat(gate.Escalation?.Approvers ?? []);
            if (await UnknownAsync(tenant, asked, cancellationToken) is not { } unknown) continue;
            var pointer = gate.Path.Value + "/with/approvers";
            var place = read.Map.Nearest(pointer).Key;
            findings.Add(new Finding(read.File, place.Line, place.Column, pointer, Severity.Error, "approvers", unknown));
        }
        return findings;
    }

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
