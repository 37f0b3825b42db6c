namespace Interlock.Core.Identity;

/// <summary>Named secrets of a tenant, read each time one is needed: what it gives is used at once and never kept, logged or shown.</summary>
public interface ISecretSource
{
    /// <summary>The secret, or null when there is none of that name. Throws <see cref="IOException"/> when it can't be learnt.</summary>
    Task<string?> ResolveAsync(TenantId tenant, string name, CancellationToken cancellationToken = default);
}
