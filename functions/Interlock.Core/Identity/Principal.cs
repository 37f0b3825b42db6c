using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Interlock.Core.Identity;

public enum PrincipalKind
{
    User,
    Application,
    Agent,
}

/// <summary>
/// Who acts, from validated claims only. <see cref="Id"/> is the object id within the tenant (never e-mail or display name);
/// <see cref="Groups"/> hold group ids; <see cref="Roles"/> the <c>/api</c> roles: author, publisher, operator, approver, auditor, admin.
/// </summary>
public sealed record Principal(
    TenantId Tenant, string Id, PrincipalKind Kind, string DisplayName, ImmutableArray<string> Groups, ImmutableArray<string> Roles)
{
    /// <summary>How rules and records name it: <c>user:ana</c>, <c>app:ci</c>, <c>agent:classifier</c>.</summary>
    public string Subject => Kind switch
    {
        PrincipalKind.User => "user:" + Id,
        PrincipalKind.Application => "app:" + Id,
        _ => "agent:" + Id,
    };

    /// <summary>What several accounts of one human have in common; null when this account is the only one.</summary>
    public string? Person { get; init; }

    /// <summary>The human behind the account: where people must be different, this must be.</summary>
    [JsonIgnore]
    public string Human => Person ?? Id;

    public bool Equals(Principal? other) => other is not null && Tenant == other.Tenant && Kind == other.Kind && Id == other.Id;

    public override int GetHashCode() => HashCode.Combine(Tenant, Kind, Id);
}
