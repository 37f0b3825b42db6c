using System.Text;
using Azure;
using Interlock.Core;
using Interlock.Core.Storage;
using Interlock.Functions.Storage;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Azure.Storage;

/// <summary>The store's contract, and what the container's clients are refused: run against the double and against Azurite.</summary>
public abstract class BlobContainerContract : BlobStoreContract
{
    private static readonly byte[] _content = Encoding.UTF8.GetBytes("content");

    private protected abstract TestBlobContainer Container { get; }

    protected override IBlobStore Store => new BlobStore(Container);

    [Fact]
    public async Task Put_AnswersLost_IsStoredOnce()
    {
        Container.Faults.Next(Fault.None, Fault.AnswerLost, Fault.None, Fault.AnswerLost, Fault.FailedAfter);
        var digest = await Store.PutAsync(new("acme"), _content, Token);
        Assert.Equal(_content, await Store.GetAsync(new("acme"), digest, Token));
        Assert.Equal(1, await Container.CountAsync());
    }

    [Fact]
    public async Task AnyMethod_ServiceBusyForLong_Throws()
    {
        var digest = await Store.PutAsync(new("acme"), _content, Token);
        Container.Faults.Next(Fault.Busy, Fault.Busy, Fault.Busy, Fault.Busy, Fault.Busy, Fault.Busy, Fault.Busy, Fault.Busy);
        Assert.Equal(503, (await Assert.ThrowsAsync<RequestFailedException>(() => Store.PutAsync(new("acme"), _content, Token))).Status);
        Assert.Equal(503, (await Assert.ThrowsAsync<RequestFailedException>(() => Store.GetAsync(new("acme"), digest, Token))).Status);
    }

    [Fact]
    public async Task Get_NoContainer_IsNullAndMakesNone()
    {
        Assert.Null(await Store.GetAsync(new("acme"), "sha256:" + new string('0', 64), Token));
        var refused = await Assert.ThrowsAsync<RequestFailedException>(() => Container.UploadBlobAsync("a/b", BinaryData.FromBytes(_content), Token));
        Assert.Equal((404, "ContainerNotFound"), (refused.Status, refused.ErrorCode));
    }

    [Fact]
    public async Task Upload_Twice_IsRefused()
    {
        await Container.CreateIfNotExistsAsync(cancellationToken: Token);
        await Container.CreateIfNotExistsAsync(cancellationToken: Token);
        await Container.UploadBlobAsync("a/b", BinaryData.FromBytes(_content), Token);
        var refused = await Assert.ThrowsAsync<RequestFailedException>(() => Container.UploadBlobAsync("a/b", BinaryData.FromString("other"), Token));
        Assert.Equal((409, "BlobAlreadyExists"), (refused.Status, refused.ErrorCode));
        Assert.Equal(_content, (await Container.GetBlobClient("a/b").DownloadContentAsync(Token)).Value.Content.ToArray());
        refused = await Assert.ThrowsAsync<RequestFailedException>(() => Container.GetBlobClient("a/c").DownloadContentAsync(Token));
        Assert.Equal((404, "BlobNotFound"), (refused.Status, refused.ErrorCode));
    }

    protected override IBlobStore Reopen() => new BlobStore(Container);

    protected override Task DamageAsync(TenantId tenant, string digest, byte[] content) => Container.OverwriteAsync($"{tenant.Value}/{BlobRules.Hex(digest)}", content);

    protected override Task<int> CountAsync() => Container.CountAsync();
}

public sealed class BlobStoreTests : BlobContainerContract
{
    private protected override TestBlobContainer Container { get; } = new MemoryBlobContainer();
}

[Collection("azurite")]
public sealed class AzuriteBlobStoreTests(Azurite azurite) : BlobContainerContract, IAsyncLifetime
{
    private RestBlobContainer? _container;

    private protected override TestBlobContainer Container => _container!; // initialized before each test

    public async ValueTask InitializeAsync() => _container = new RestBlobContainer(await azurite.BlobsAsync(), azurite.UniqueName());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
