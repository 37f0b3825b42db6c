using Interlock.Core;
using Interlock.Core.Storage;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Storage;

public sealed class MemoryBlobStoreTests : BlobStoreContract
{
    private readonly MemoryBlobStore _store = new();

    protected override IBlobStore Store => _store;

    protected override IBlobStore Reopen() => _store;

    protected override Task DamageAsync(TenantId tenant, string digest, byte[] content)
    {
        _store.Damage(tenant, digest, content);
        return Task.CompletedTask;
    }

    protected override Task<int> CountAsync() => Task.FromResult(_store.Count);
}
