using Azure.Storage.Blobs.Specialized;

namespace Azure.Storage.Blobs;

public class BlobClient : BlobBaseClient
{
    protected BlobClient()
    {
    }
}
