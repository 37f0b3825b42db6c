using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Interlock.Tests.Azure.Storage;

/// <summary>A container for tests, in memory or Azurite's, with faults.</summary>
internal abstract class TestBlobContainer : BlobContainerClient
{
    public Faults Faults { get; } = new();

    /// <summary>Stores a blob whatever is there.</summary>
    public abstract Task OverwriteAsync(string name, byte[] content);

    /// <summary>Blobs in the container; 0 when there is none.</summary>
    public abstract Task<int> CountAsync();

    /// <summary>The content of an upload that the real client makes one request of, which adds only.</summary>
    /// <exception cref="NotSupportedException">It would replace, or stage blocks.</exception>
    protected static async Task<BinaryData> ReadOnceAsync(Stream content, BlobUploadOptions options, CancellationToken cancellationToken)
    {
        if (options.Conditions?.IfNoneMatch != ETag.All) throw new NotSupportedException("The upload would replace a blob.");
        if (options.TransferOptions.InitialTransferSize is not { } most || content.Length - content.Position >= most) throw new NotSupportedException("The upload would stage blocks.");
        return await BinaryData.FromStreamAsync(content, cancellationToken);
    }

    protected static BlobClientOptions Options()
    {
        var options = new BlobClientOptions();
        options.Retry.Mode = global::Azure.Core.RetryMode.Fixed;
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxRetries = 3;
        return options;
    }
}
