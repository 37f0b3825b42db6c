using System.Security.Cryptography;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Interlock.Core.Audit;

namespace Interlock.Functions.Storage;

/// <summary>
/// Blobs of one container, each put by one request that only makes new ones: staging blocks takes a right to overwrite, which the app's identity
/// does not have there. At most 5,000 MiB a blob, the service's limit of one request. The container is made when an upload finds none, as on a
/// developer's machine.
/// </summary>
internal sealed class BlobArchive(BlobContainerClient container) : IArchive
{
    public async Task<string?> AddAsync(string name, Stream content, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var blob = container.GetBlobClient(name);
        try
        {
            return await PutAsync(blob, content, cancellationToken);
        }
        catch (RequestFailedException e) when (e is { Status: 404, ErrorCode: "ContainerNotFound" })
        {
            await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            return await PutAsync(blob, content, cancellationToken);
        }
    }

    private static async Task<string?> PutAsync(BlobClient blob, Stream content, CancellationToken cancellationToken)
    {
        content.Position = 0;
        var options = new BlobUploadOptions
        {
            Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
            TransferOptions = new StorageTransferOptions { InitialTransferSize = content.Length + 1 }, // what is shorter than this goes in one request
        };
        try
        {
            await blob.UploadAsync(content, options, cancellationToken);
            return null;
        }
        catch (RequestFailedException e) when (e.Status is 403 or 409 or 412)
        {
            // "There is one" has several forms: the condition's, a retention policy's, and that of an identity that may add and not overwrite.
            if (await DigestAsync(blob, cancellationToken) is { } digest) return digest;
            throw;
        }
    }

    private static async Task<string?> DigestAsync(BlobClient blob, CancellationToken cancellationToken)
    {
        try
        {
            using var found = (await blob.DownloadStreamingAsync(cancellationToken: cancellationToken)).Value;
            return "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(found.Content, cancellationToken));
        }
        catch (RequestFailedException e) when (e is { Status: 404, ErrorCode: "BlobNotFound" })
        {
            return null;
        }
    }
}
