// Azure.Storage.Blobs 12.29.2. The default of BlobClientOptions is the newest version of the service and moves with each release.
#nullable disable
using Azure.Core;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

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

public class BlobClient : BlobBaseClient
{
    protected BlobClient()
    {
    }

    public virtual Task<Response<BlobContentInfo>> UploadAsync(Stream content, BlobUploadOptions options, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}

public class BlobClientOptions : ClientOptions
{
    public BlobClientOptions(ServiceVersion version = ServiceVersion.V2026_02_06)
    {
    }

    public enum ServiceVersion
    {
        V2026_02_06 = 29,
    }
}
