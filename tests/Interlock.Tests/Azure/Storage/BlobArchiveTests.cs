using Azure;
using Interlock.Core.Audit;
using Interlock.Functions.Storage;
using Interlock.Json;
using Interlock.Tests.Audit;

namespace Interlock.Tests.Azure.Storage;

/// <summary>The archive's contract, and what the container refuses: run against the double and against Azurite.</summary>
public abstract class BlobArchiveContract : ArchiveContract
{
    private protected abstract TestBlobContainer Container { get; }

    private protected override IArchive Archive => new BlobArchive(Container);

    [Fact]
    public async Task Add_AnswerLost_IsStoredOnceAndToldItsOwnDigest()
    {
        await Container.CreateIfNotExistsAsync(cancellationToken: Token);
        Container.Faults.Next(Fault.AnswerLost);
        Assert.Equal(CanonicalJson.Digest(Bytes("content")), await AddAsync("acme/a", Bytes("content")));
        Assert.Equal(1, await Container.CountAsync());
    }

    [Fact]
    public async Task Add_Large_IsOneRequest()
    {
        await Container.CreateIfNotExistsAsync(cancellationToken: Token);
        var before = Container.Faults.Sent;
        Assert.Null(await AddAsync("acme/a", new byte[20_000_000]));
        Assert.Equal(before + 1, Container.Faults.Sent);
    }

    [Fact]
    public async Task Add_ServiceBusyForLong_Throws()
    {
        await Container.CreateIfNotExistsAsync(cancellationToken: Token);
        Container.Faults.Next(Fault.Busy, Fault.Busy, Fault.Busy, Fault.Busy);
        Assert.Equal(503, (await Assert.ThrowsAsync<RequestFailedException>(() => AddAsync("acme/a", Bytes("content")))).Status);
        Assert.Null(await ReadAsync("acme/a"));
    }

    protected override async Task<byte[]?> ReadAsync(string name)
    {
        try
        {
            return (await Container.GetBlobClient(name).DownloadContentAsync(Token)).Value.Content.ToArray();
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }
}

public sealed class BlobArchiveTests : BlobArchiveContract
{
    private readonly MemoryBlobContainer _container = new();

    private protected override TestBlobContainer Container => _container;

    [Theory]
    [InlineData(403, "UnauthorizedBlobOverwrite")]
    [InlineData(409, "BlobImmutableDueToPolicy")]
    [InlineData(412, "ConditionNotMet")]
    public async Task Add_ExistsInOtherWords_IsToldItsDigest(int status, string code)
    {
        Assert.Null(await AddAsync("acme/a", Bytes("first")));
        _container.UploadRefusal = new ServiceError(status, code);
        Assert.Equal(CanonicalJson.Digest(Bytes("first")), await AddAsync("acme/a", Bytes("second")));
    }

    [Fact]
    public async Task Add_NotAllowed_Throws()
    {
        await Container.CreateIfNotExistsAsync(cancellationToken: Token);
        _container.UploadRefusal = new ServiceError(403, "AuthorizationPermissionMismatch");
        Assert.Equal("AuthorizationPermissionMismatch", (await Assert.ThrowsAsync<RequestFailedException>(() => AddAsync("acme/a", Bytes("content")))).ErrorCode);
    }
}

[Collection("azurite")]
public sealed class AzuriteBlobArchiveTests(Azurite azurite) : BlobArchiveContract, IAsyncLifetime
{
    private RestBlobContainer? _container;

    private protected override TestBlobContainer Container => _container!; // initialized before each test

    public async ValueTask InitializeAsync() => _container = new RestBlobContainer(await azurite.BlobsAsync(), azurite.UniqueName());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
