using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Registry.Changes;

/// <summary>What a request does at the registry, what it is about there, and who may ask for it at all.</summary>
internal static class Requests
{
    public const string ChangedMeanwhile = "What the change is about is registered otherwise by now; propose it again.";

    public static Task<RegistryResult> ApplyAsync(RegistryDesk registry, Principal by, RegistryRequest request, CancellationToken cancellationToken) => request switch
    {
        RegistryRequest.RegisterServer server => registry.RegisterServerAsync(by, server.Name, server.Address, server.Settings, cancellationToken),
        RegistryRequest.RegisterAgent agent => registry.RegisterAgentAsync(by, agent.Name, agent.Version, agent.Address, agent.Settings, cancellationToken),
        RegistryRequest.Move move => registry.SetLifecycleAsync(by, move.Kind, move.Name, move.Version, move.Lifecycle, move.Successor, move.Reason, cancellationToken),
        RegistryRequest.ApproveContract approve => registry.ApproveContractAsync(by, approve.Name, approve.Version, approve.Contract, approve.Reason, cancellationToken),
        RegistryRequest.PublishPolicy policy => registry.PublishPolicyAsync(by, policy.Text, cancellationToken),
        RegistryRequest.PublishQuotas quotas => registry.PublishQuotasAsync(by, quotas.Text, cancellationToken),
        RegistryRequest.PublishRoute route => registry.PublishRouteAsync(by, route.Name, route.Text, cancellationToken),
        _ => throw new InvalidOperationException($"Unexpected {request.GetType().Name}."),
    };

    public static Problem? RefuseRole(Principal by, RegistryRequest request, RegistrySnapshot registry) =>
        request.NeedsAdministrator(registry) && (by.Roles.IsDefault || !by.Roles.Contains(ChangeDesk.Role))
            ? new Problem(ProblemTypes.Authorization, 403, "A role is missing", $"Policies are changed, and what is disabled or quarantined comes back, by the role {ChangeDesk.Role}.") { Stage = "authorize", Rule = "role-required" }
            : null;

    /// <summary>The entries that a request is about.</summary>
    public static IEnumerable<RegistryEntry> About(RegistrySnapshot registry, RegistryRequest request)
    {
        var (kind, name) = request.Subject;
        return registry.All.Where(entry => (entry.Kind == kind && entry.Name == name) || (kind == RegistryKind.Server && entry.Kind == RegistryKind.Tool && entry.Name.StartsWith(name + "/", StringComparison.Ordinal)));
    }

    /// <summary>Those entries as they are, in one digest.</summary>
    public static string Basis(RegistrySnapshot registry, RegistryRequest request) => CanonicalJson.Digest(JsonValue.Array(About(registry, request)
        .OrderBy(entry => entry.Kind).ThenBy(entry => entry.Name, StringComparer.Ordinal).ThenBy(entry => entry.Version, StringComparer.Ordinal)
        .Select(entry => JsonValue.Array(entry.Name, entry.Version, entry.Lifecycle.ToString(), entry.Digest, entry.Successor ?? "", entry.Shown?.Digest ?? ""))));
}
