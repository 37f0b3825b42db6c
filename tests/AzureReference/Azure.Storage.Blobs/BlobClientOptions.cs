using Azure.Core;

namespace Azure.Storage.Blobs;

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
