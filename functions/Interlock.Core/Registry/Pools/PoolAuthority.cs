using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Workflows;

namespace Interlock.Core.Registry.Pools;

/// <summary>
/// Whether whoever publishes a document may use all that its pools hold, as themselves: a pool is no way to what its author may not call. What policy asks people about
/// is fine. What the planner may not use is a warning: it is left out when the loop begins.
/// </summary>
internal sealed class PoolAuthority(WorkflowCatalog catalog, IDirectory directory, TimeProvider time)
{
    public const string Rule = "pool-not-authorized";

    private readonly PolicyCache _policies = new();

    public async Task<IReadOnlyList<Finding>> CheckAsync(Principal author, WorkflowReadResult read, RegistrySnapshot registry, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var task in read.Definition?.AllTasks.Values.OfType<AutonomousTask>() ?? [])
        {
            var pointer = task.Path.Value + "/with/pool";
            var pool = await new PoolReader(catalog).ReadAsync(task.Pool, registry, cancellationToken);
            var (usable, denied) = await PoolRights.DivideAsync(_policies.Of(registry), directory, new ActorChain(author), pool.Members, null, time.GetUtcNow(), cancellationToken);
            findings.AddRange(denied.Select(one => read.Finding(pointer, Severity.Error, Rule, $"who publishes may not use {one.Target}, and nor may the planner then: {one.Why}")));
            var (_, left) = await PoolRights.DivideAsync(_policies.Of(registry), directory, new ActorChain(author, Agent: task.Planner), usable, null, time.GetUtcNow(), cancellationToken);
            findings.AddRange(left.Select(one => read.Finding(pointer, Severity.Warning, Rule, $"{one.Target} is left out when '{task.Name}' begins: {one.Why}")));
        }
        return findings;
    }
}
