#nullable disable
using Azure.Core;
using Azure.Storage.Blobs.Models;

namespace Azure.Storage.Blobs;

public class BlobContainerClient
{
    protected BlobContainerClient()
    {
    }

    public BlobContainerClient(string connectionString, string blobContainerName) => throw new NotSupportedException();

    public BlobContainerClient(Uri blobContainerUri, TokenCredential credential, BlobClientOptions options = null) => throw new NotSupportedException();

    public virtual Task<Response<BlobContainerInfo>> CreateIfNotExistsAsync(
        PublicAccessType publicAccessType = PublicAccessType.None, IDictionary<string, string> metadata = null,
        BlobContainerEncryptionScopeOptions encryptionScopeOptions = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public virtual BlobClient GetBlobClient(string blobName) => throw new NotSupportedException();

    public virtual Task<Response<BlobContentInfo>> UploadBlobAsync(string blobName, BinaryData content, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}
