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
        var digest = CanonicalJson.Digest(content.Span);
        _blobs[(tenant, digest)] = content.ToArray();
        return Task.FromResult(digest);
    }

    public Task<byte[]?> GetAsync(TenantId tenant, string digest, CancellationToken cancellationToken = default) =>
        Task.FromResult(_blobs.GetValueOrDefault((tenant, digest)));
}
