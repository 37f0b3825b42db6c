using Interlock.Core.Workflows;

namespace Interlock.Core.Registry;

/// <summary>Whether a supervised document starts workflows that are not: a planner in one of those would make its own path one that is not known before the start.</summary>
internal sealed class KnownChildren(WorkflowCatalog catalog)
{
    public async Task<IReadOnlyList<Finding>> CheckAsync(WorkflowReadResult read, RegistrySnapshot registry, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        if (read.Definition is not { Mode: ExecutionMode.Supervised } definition) return findings;
        foreach (var child in definition.AllTasks.Values.OfType<RunTask>())
        {
            if (registry.Resolve(RegistryKind.Workflow, child.Workflow.ToString(), child.Version) is not Resolution.Found { Entry: var entry }) continue;
            if ((await catalog.LoadAsync(registry.Tenant, entry.As<WorkflowBody>().DocumentDigest, cancellationToken)).Mode == ExecutionMode.Autonomous)
                findings.Add(read.Finding(child.Path.Value + "/run/workflow", Severity.Error, "mode", $"the workflow {child.Workflow} {entry.Version} is autonomous, so the path is not known before the start; write mode: autonomous under document.metadata.interlock"));
        }
        return findings;
    }
}
