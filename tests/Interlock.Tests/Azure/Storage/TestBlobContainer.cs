using Azure.Storage.Blobs;

namespace Interlock.Tests.Azure.Storage;

/// <summary>A container for tests, in memory or Azurite's, with faults.</summary>
internal abstract class TestBlobContainer : BlobContainerClient
{
    public Faults Faults { get; } = new();

    /// <summary>Stores a blob whatever is there.</summary>
    public abstract Task OverwriteAsync(string name, byte[] content);

    /// <summary>Blobs in the container; 0 when there is none.</summary>
    public abstract Task<int> CountAsync();

    protected static BlobClientOptions Options()
    {
        var options = new BlobClientOptions();
        options.Retry.Mode = global::Azure.Core.RetryMode.Fixed;
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxRetries = 3;
        return options;
    }
}
