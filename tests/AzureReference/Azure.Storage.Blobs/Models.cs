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

public static class BlobsModelFactory
{
    public static BlobDownloadResult BlobDownloadResult(BinaryData content = null, BlobDownloadDetails details = null) => new() { Content = content };
}
