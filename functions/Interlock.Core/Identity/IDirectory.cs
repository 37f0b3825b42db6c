namespace Interlock.Core.Identity;

/// <summary>People and their groups, by tenant and object id, as they are now; unknown people are null or without groups.</summary>
public interface IDirectory
{
    ValueTask<Principal?> FindUserAsync(TenantId tenant, string id, CancellationToken cancellationToken = default);

    ValueTask<IReadOnlyList<string>> GroupsOfAsync(TenantId tenant, string id, CancellationToken cancellationToken = default);

    ValueTask<bool> GroupExistsAsync(TenantId tenant, string id, CancellationToken cancellationToken = default);
}
