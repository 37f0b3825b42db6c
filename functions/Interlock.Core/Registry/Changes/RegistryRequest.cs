using System.Text.Json.Serialization;

namespace Interlock.Core.Registry.Changes;

/// <summary>What somebody wants changed in the registry, as it is proposed, read, approved and applied: the same words each time.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RegisterServer), "registerServer")]
[JsonDerivedType(typeof(RegisterAgent), "registerAgent")]
[JsonDerivedType(typeof(Move), "lifecycle")]
[JsonDerivedType(typeof(ApproveContract), "approveContract")]
[JsonDerivedType(typeof(PublishPolicy), "publishPolicy")]
[JsonDerivedType(typeof(PublishQuotas), "publishQuotas")]
[JsonDerivedType(typeof(PublishRoute), "publishRoute")]
public abstract record RegistryRequest
{
    private RegistryRequest()
    {
    }

    public sealed record RegisterServer(string Name, Uri Address, ServerSettings? Settings) : RegistryRequest;

    public sealed record RegisterAgent(string Name, string Version, Uri? Address) : RegistryRequest
    {
        public AgentSettings Settings { get; init; } = AgentSettings.None;
    }

    public sealed record Move(RegistryKind Kind, string Name, string Version, Lifecycle Lifecycle, string? Successor, string? Reason) : RegistryRequest;

    public sealed record ApproveContract(string Name, string Version, string Contract, string? Reason) : RegistryRequest;

    public sealed record PublishPolicy(string Text) : RegistryRequest;

    public sealed record PublishQuotas(string Text) : RegistryRequest;

    public sealed record PublishRoute(string Name, string Text) : RegistryRequest;

    /// <summary>Whose entries it is about.</summary>
    internal (RegistryKind Kind, string Name) Subject => this switch
    {
        RegisterServer server => (RegistryKind.Server, server.Name),
        RegisterAgent agent => (RegistryKind.Agent, agent.Name),
        Move move => (move.Kind, move.Name),
        ApproveContract approve => (RegistryKind.Tool, approve.Name),
        PublishRoute route => (RegistryKind.Route, route.Name),
        PublishPolicy => (RegistryKind.Policy, Gateway.PolicyCache.EntryName),
        PublishQuotas => (RegistryKind.Policy, Gateway.Limits.QuotaSet.EntryName),
        _ => throw new InvalidOperationException($"Unexpected {GetType().Name}."),
    };

    /// <summary>Whether only an administrator may ask for it: policies are theirs, and what is disabled or quarantined comes back by them.</summary>
    internal bool NeedsAdministrator(RegistrySnapshot registry) => this switch
    {
        Move { Kind: RegistryKind.Policy } or ApproveContract => true,
        Move { Lifecycle: Lifecycle.Active or Lifecycle.Deprecated } move => registry.Find(move.Kind, move.Name, move.Version) is { Lifecycle: Lifecycle.Disabled or Lifecycle.Quarantined },
        _ => false,
    };

    /// <summary>
    /// Whether it lets more be called than before, or may: then it needs a second person. Deprecating, disabling and quarantining is anybody's who may do it, at once; a policy or a set of quotas is
    /// never only stricter for all that is known of it.
    /// </summary>
    internal bool Widens(RegistrySnapshot registry) => this switch
    {
        Move { Kind: RegistryKind.Policy } => true,
        Move { Lifecycle: Lifecycle.Active } => true,
        Move { Lifecycle: Lifecycle.Deprecated } move => registry.Find(move.Kind, move.Name, move.Version) is { Lifecycle: Lifecycle.Disabled or Lifecycle.Quarantined },
        Move => false,
        _ => true,
    };
}
