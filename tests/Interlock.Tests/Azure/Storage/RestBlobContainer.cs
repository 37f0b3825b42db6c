using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Interlock.Tests.Azure.Storage;

/// <summary>The blob service's REST interface with a shared key, as far as the app uses it: stands in for the real client against Azurite.</summary>
internal sealed class RestBlobContainer : TestBlobContainer
{
    private readonly string _address;
    private readonly HttpPipeline _pipeline;

    public RestBlobContainer(Uri endpoint, string name)
    {
        _address = $"{endpoint}/{name}";
        var options = Options();
        options.Transport = new FaultyTransport(Faults, HttpClientTransport.Shared);
        _pipeline = HttpPipelineBuilder.Build(options, new SharedKey());
    }

    public override Task OverwriteAsync(string name, byte[] content) => UploadAsync(name, content, ifNoneMatch: null, TestContext.Current.CancellationToken);

    public override async Task<int> CountAsync()
    {
        try
        {
            var response = await SendAsync(RequestMethod.Get, "?restype=container&comp=list", null, null, TestContext.Current.CancellationToken);
            return response.Content.ToString().Split("<Blob>").Length - 1;
        }
        catch (RequestFailedException e) when (e.ErrorCode == "ContainerNotFound")
        {
            return 0;
        }
    }

    public override async Task<Response<BlobContainerInfo>> CreateIfNotExistsAsync(
        PublicAccessType publicAccessType = PublicAccessType.None, IDictionary<string, string>? metadata = null,
        BlobContainerEncryptionScopeOptions? encryptionScopeOptions = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return Response.FromValue<BlobContainerInfo>(null!, await SendAsync(RequestMethod.Put, "?restype=container", [], null, cancellationToken)); // nobody reads it
        }
        catch (RequestFailedException e) when (e.ErrorCode == "ContainerAlreadyExists")
        {
            return Response.FromValue<BlobContainerInfo>(null!, new StubResponse(409)); // likewise
        }
    }

    public override async Task<Response<BlobContentInfo>> UploadBlobAsync(string blobName, BinaryData content, CancellationToken cancellationToken = default) =>
        Response.FromValue<BlobContentInfo>(null!, await UploadAsync(blobName, content.ToArray(), "*", cancellationToken)); // likewise

    public override BlobClient GetBlobClient(string blobName) => new Blob(this, blobName);

    private Task<Response> UploadAsync(string name, byte[] content, string? ifNoneMatch, CancellationToken cancellationToken) =>
        SendAsync(RequestMethod.Put, "/" + name, content, ifNoneMatch, cancellationToken);

    private async Task<Response> SendAsync(RequestMethod method, string pathAndQuery, byte[]? content, string? ifNoneMatch, CancellationToken cancellationToken)
    {
        var message = _pipeline.CreateMessage(); // its response outlives this method
        message.Request.Method = method;
        message.Request.Uri.Reset(new Uri(_address + pathAndQuery));
        message.Request.Headers.Add("x-ms-version", "2025-11-05");
        if (ifNoneMatch is not null) message.Request.Headers.Add("If-None-Match", ifNoneMatch);
        if (content is not null)
        {
            message.Request.Headers.Add("x-ms-blob-type", "BlockBlob");
            message.Request.Headers.Add("Content-Type", "application/octet-stream");
            message.Request.Content = RequestContent.Create(content);
        }
        await _pipeline.SendAsync(message, cancellationToken);
        var response = message.Response;
        if (response is StubResponse { Error: { } fault }) throw fault.Exception();
        if (response.Status < 400) return response;
        throw new ServiceError(response.Status, response.Headers.TryGetValue("x-ms-error-code", out var code) ? code! : "").Exception();
    }

    private sealed class Blob(RestBlobContainer container, string name) : BlobClient
    {
        public override async Task<Response<BlobContentInfo>> UploadAsync(Stream content, BlobUploadOptions options, CancellationToken cancellationToken = default)
        {
            var bytes = await ReadOnceAsync(content, options, cancellationToken);
            return Response.FromValue<BlobContentInfo>(null!, await container.UploadAsync(name, bytes.ToArray(), "*", cancellationToken)); // nobody reads it
        }

        public override async Task<Response<BlobDownloadStreamingResult>> DownloadStreamingAsync(BlobDownloadOptions? options = null, CancellationToken cancellationToken = default)
        {
            var response = await container.SendAsync(RequestMethod.Get, "/" + name, null, null, cancellationToken);
            return Response.FromValue(BlobsModelFactory.BlobDownloadStreamingResult(response.Content.ToStream()), response);
        }

        public override async Task<Response<BlobDownloadResult>> DownloadContentAsync(CancellationToken cancellationToken)
        {
            var response = await container.SendAsync(RequestMethod.Get, "/" + name, null, null, cancellationToken);
            return Response.FromValue(BlobsModelFactory.BlobDownloadResult(response.Content), response);
        }
    }

    /// <summary>Source: Authorize with Shared Key, Blob service.</summary>
    private sealed class SharedKey : HttpPipelineSynchronousPolicy
    {
        public override void OnSendingRequest(HttpMessage message)
        {
            var request = message.Request;
            request.Headers.SetValue("x-ms-date", DateTimeOffset.UtcNow.ToString("R", CultureInfo.InvariantCulture));
            var length = request.Content is { } content && content.TryComputeLength(out var bytes) && bytes > 0 ? bytes.ToString(CultureInfo.InvariantCulture) : "";
            var uri = request.Uri.ToUri();
            var signed = new StringBuilder($"{request.Method}\n\n\n{length}\n\n{Header(request, "Content-Type")}\n\n\n\n{Header(request, "If-None-Match")}\n\n\n");
            foreach (var header in request.Headers.Where(header => header.Name.StartsWith("x-ms-", StringComparison.OrdinalIgnoreCase)).OrderBy(header => header.Name, StringComparer.Ordinal))
                signed.Append(CultureInfo.InvariantCulture, $"{header.Name.ToLowerInvariant()}:{header.Value}\n");
            signed.Append(CultureInfo.InvariantCulture, $"/{Azurite.Account}{uri.AbsolutePath}");
            foreach (var parameter in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal))
                signed.Append(CultureInfo.InvariantCulture, $"\n{parameter.Replace('=', ':')}");
            var signature = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(Azurite.Key), Encoding.UTF8.GetBytes(signed.ToString())));
            request.Headers.SetValue("Authorization", $"SharedKey {Azurite.Account}:{signature}");
        }

        private static string Header(Request request, string name) => request.Headers.TryGetValue(name, out var value) ? value : "";
    }
}
