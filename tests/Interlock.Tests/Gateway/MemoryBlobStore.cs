using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>Blobs for as long as a test lasts.</summary>
internal sealed class MemoryBlobStore : IBlobStore
{
    private readonly ConcurrentDictionary<(TenantId, string), byte[]> _blobs = new();

    public int Count => _blobs.Count;

    public Task<string> PutAsync(TenantId tenant, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        BlobRules.CheckTenant(tenant);
        cancellationToken.ThrowIfCancellationRequested();
        var digest = CanonicalJson.Digest(content.Span);
        _blobs[(tenant, digest)] = content.ToArray();
        return Task.FromResult(digest);
    }

    public Task<byte[]?> GetAsync(TenantId tenant, string digest, CancellationToken cancellationToken = default)
    {
        BlobRules.CheckTenant(tenant);
        BlobRules.Hex(digest);
        cancellationToken.ThrowIfCancellationRequested();
        var content = _blobs.GetValueOrDefault((tenant, digest));
        if (content is not null && CanonicalJson.Digest(content) != digest) throw new InvalidDataException($"The blob {digest} of tenant {tenant} was changed.");
        return Task.FromResult(content?.ToArray());
    }

    /// <summary>Puts other bytes in a blob's place.</summary>
    public void Damage(TenantId tenant, string digest, byte[] content) => _blobs[(tenant, digest)] = content;
}
