using System.Collections.Immutable;

namespace Interlock.Core.Identity;

/// <summary>A person of the embedded host's own directory; without a hash the person cannot sign in with a password.</summary>
public sealed record LocalUser(
    string Id, string DisplayName, ImmutableArray<string> Groups, ImmutableArray<string> Roles, PasswordHash? PasswordHash)
{
    /// <summary>What several accounts of one human have in common: the id of one of them, or any name that no other human has.</summary>
    public string? Person { get; init; }

    public Principal ToPrincipal(TenantId tenant) => new(tenant, Id, PrincipalKind.User, DisplayName, Groups, Roles) { Person = Person };
}
