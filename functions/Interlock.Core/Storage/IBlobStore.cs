namespace Interlock.Core.Storage;

/// <summary>Content-addressed bytes: the name is <c>sha256:</c> and 64 hex digits of what is stored, checked again on reading.</summary>
public interface IBlobStore
{
    /// <summary>Stores the bytes for a tenant, durably, and returns their digest; storing the same bytes again is no error.</summary>
    Task<string> PutAsync(TenantId tenant, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>The bytes, or null when this tenant has none of that digest.</summary>
    /// <exception cref="ArgumentException">It is no digest, or the tenant no tenant id: see <see cref="BlobRules"/>.</exception>
    /// <exception cref="InvalidDataException">What is stored no longer has that digest.</exception>
    Task<byte[]?> GetAsync(TenantId tenant, string digest, CancellationToken cancellationToken = default);
}
