using Azure;
using Azure.Storage.Blobs;
using Interlock.Core;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Functions.Storage;

/// <summary>
/// Blobs of one container, <c>{tenant}/{64 hex digits}</c>. An upload never replaces: that the blob is there already is success, as it is after
/// a lost answer. The container is made when an upload finds none.
/// </summary>
internal sealed class BlobStore(BlobContainerClient container) : IBlobStore
{
    public async Task<string> PutAsync(TenantId tenant, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        BlobRules.CheckTenant(tenant);
        var digest = CanonicalJson.Digest(content.Span);
        var name = Name(tenant, digest);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await UploadAsync(name, content, cancellationToken);
        }
        catch (RequestFailedException e) when (e is { Status: 404, ErrorCode: "ContainerNotFound" })
        {
            await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            await UploadAsync(name, content, cancellationToken);
        }
        return digest;
    }

    public async Task<byte[]?> GetAsync(TenantId tenant, string digest, CancellationToken cancellationToken = default)
    {
        BlobRules.CheckTenant(tenant);
        var name = Name(tenant, digest);
        cancellationToken.ThrowIfCancellationRequested();
        if (await DownloadAsync(name, cancellationToken) is not { } content) return null;
        if (CanonicalJson.Digest(content) != digest)
            throw new InvalidDataException($"The blob {digest} of tenant {tenant} was changed or damaged in its container. Restore it from a backup.");
        return content;
    }

    private static string Name(TenantId tenant, string digest) => $"{tenant.Value}/{BlobRules.Hex(digest)}";

    private async Task UploadAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            await container.UploadBlobAsync(name, BinaryData.FromBytes(content), cancellationToken);
        }
        catch (RequestFailedException e) when (e is { Status: 409, ErrorCode: "BlobAlreadyExists" })
        {
            // Named by its content, so it is this one.
        }
    }

    private async Task<byte[]?> DownloadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var response = await container.GetBlobClient(name).DownloadContentAsync(cancellationToken);
            return response.Value.Content.ToArray();
        }
        catch (RequestFailedException e) when (e is { Status: 404, ErrorCode: "BlobNotFound" or "ContainerNotFound" })
        {
            return null;
        }
    }
}
