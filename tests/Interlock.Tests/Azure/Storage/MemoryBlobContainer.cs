using System.Collections.Concurrent;
using Azure;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Interlock.Tests.Azure.Storage;

/// <summary>A container in memory with the service's refusals.</summary>
internal sealed class MemoryBlobContainer : TestBlobContainer
{
    private readonly ConcurrentDictionary<string, byte[]> _blobs = new(StringComparer.Ordinal);
    private readonly HttpPipeline _pipeline;
    private volatile bool _exists;

    public MemoryBlobContainer()
    {
        var options = Options();
        options.Transport = new FaultyTransport(Faults, new OperationTransport());
        _pipeline = HttpPipelineBuilder.Build(options);
    }

    /// <summary>What uploads are refused with from now on.</summary>
    public ServiceError? UploadRefusal { get; set; }

    public override Task OverwriteAsync(string name, byte[] content)
    {
        _blobs[name] = content;
        return Task.CompletedTask;
    }

    public override Task<int> CountAsync() => Task.FromResult(_blobs.Count);

    public override async Task<Response<BlobContainerInfo>> CreateIfNotExistsAsync(
        PublicAccessType publicAccessType = PublicAccessType.None, IDictionary<string, string>? metadata = null,
        BlobContainerEncryptionScopeOptions? encryptionScopeOptions = null, CancellationToken cancellationToken = default) =>
        Response.FromValue<BlobContainerInfo>(null!, await OperationTransport.SendAsync(_pipeline, Create, cancellationToken)); // nobody reads it

    public override async Task<Response<BlobContentInfo>> UploadBlobAsync(string blobName, BinaryData content, CancellationToken cancellationToken = default) =>
        Response.FromValue<BlobContentInfo>(null!, await OperationTransport.SendAsync(_pipeline, () => Upload(blobName, content), cancellationToken)); // nor this

    public override BlobClient GetBlobClient(string blobName) => new Blob(this, blobName);

    private StubResponse Create()
    {
        _exists = true;
        return new StubResponse(201);
    }

    private StubResponse Upload(string name, BinaryData content)
    {
        if (!_exists) return Refuse(404, "ContainerNotFound");
        if (UploadRefusal is { } refusal) return Refuse(refusal.Status, refusal.Code);
        return _blobs.TryAdd(name, content.ToArray()) ? new StubResponse(201) : Refuse(409, "BlobAlreadyExists");
    }

    private StubResponse Download(string name)
    {
        if (!_exists) return Refuse(404, "ContainerNotFound");
        return _blobs.TryGetValue(name, out var content) ? new StubResponse(200) { Result = content.ToArray() } : Refuse(404, "BlobNotFound");
    }

    private static StubResponse Refuse(int status, string code) => new(status) { Error = new ServiceError(status, code) };

    private sealed class Blob(MemoryBlobContainer container, string name) : BlobClient
    {
        public override async Task<Response<BlobContentInfo>> UploadAsync(Stream content, BlobUploadOptions options, CancellationToken cancellationToken = default)
        {
            var bytes = await ReadOnceAsync(content, options, cancellationToken);
            return Response.FromValue<BlobContentInfo>(null!, await OperationTransport.SendAsync(container._pipeline, () => container.Upload(name, bytes), cancellationToken)); // nobody reads it
        }

        public override async Task<Response<BlobDownloadStreamingResult>> DownloadStreamingAsync(BlobDownloadOptions? options = null, CancellationToken cancellationToken = default)
        {
            var response = await OperationTransport.SendAsync(container._pipeline, () => container.Download(name), cancellationToken);
            return Response.FromValue(BlobsModelFactory.BlobDownloadStreamingResult(new MemoryStream((byte[])response.Result!)), response); // a download's result
        }

        public override async Task<Response<BlobDownloadResult>> DownloadContentAsync(CancellationToken cancellationToken)
        {
            var response = await OperationTransport.SendAsync(container._pipeline, () => container.Download(name), cancellationToken);
            return Response.FromValue(BlobsModelFactory.BlobDownloadResult(BinaryData.FromBytes((byte[])response.Result!)), response); // a download's result
        }
    }
}
