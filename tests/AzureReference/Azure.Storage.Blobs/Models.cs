// Azure.Storage.Blobs 12.29.2.
#nullable disable
namespace Azure.Storage.Blobs.Models;

public class BlobContainerInfo
{
    internal BlobContainerInfo()
    {
    }
}

public class BlobContainerEncryptionScopeOptions
{
}

public class BlobContentInfo
{
    internal BlobContentInfo()
    {
    }
}

public class BlobDownloadDetails
{
    internal BlobDownloadDetails()
    {
    }
}

public class BlobDownloadResult
{
    internal BlobDownloadResult()
    {
    }

    public BinaryData Content { get; internal set; }
}

public class BlobDownloadStreamingResult : IDisposable
{
    internal BlobDownloadStreamingResult()
    {
    }

    public Stream Content { get; internal set; }

    public void Dispose()
    {
        Content?.Dispose();
        GC.SuppressFinalize(this);
    }
}

public class BlobDownloadOptions
{
}

public class BlobUploadOptions
{
    public BlobRequestConditions Conditions { get; set; }

    public StorageTransferOptions TransferOptions { get; set; }
}

public class BlobLeaseRequestConditions : RequestConditions
{
}

public class BlobRequestConditions : BlobLeaseRequestConditions
{
}

public static class BlobsModelFactory
{
    public static BlobDownloadStreamingResult BlobDownloadStreamingResult(Stream content = null, BlobDownloadDetails details = null) => new() { Content = content };

    public static BlobDownloadResult BlobDownloadResult(BinaryData content = null, BlobDownloadDetails details = null) => new() { Content = content };
}

public enum PublicAccessType
{
    None = 0,
    BlobContainer = 1,
    Blob = 2,
}
