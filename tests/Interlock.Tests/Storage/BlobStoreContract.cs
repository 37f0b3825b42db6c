using System.Text;
using Interlock.Core;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Storage;

/// <summary>What every <see cref="IBlobStore"/> promises. A store passes by subclassing this.</summary>
public abstract class BlobStoreContract
{
    private static readonly TenantId _acme = new("acme");
    private static readonly byte[] _content = Encoding.UTF8.GetBytes("content");

    protected abstract IBlobStore Store { get; }

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Another store over the same blobs.</summary>
    protected abstract IBlobStore Reopen();

    /// <summary>Puts other bytes in the place of a blob, as damage does.</summary>
    protected abstract Task DamageAsync(TenantId tenant, string digest, byte[] content);

    /// <summary>How many blobs there are, of all tenants.</summary>
    protected abstract Task<int> CountAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_000_000)]
    public async Task Put_Bytes_ReadsThemBackUnderTheirDigest(int size)
    {
        var content = Enumerable.Range(0, size).Select(i => (byte)i).ToArray();
        var digest = await Store.PutAsync(_acme, content, Token);
        Assert.Equal(CanonicalJson.Digest(content), digest);
        Assert.Equal(content, await Reopen().GetAsync(_acme, digest, Token));
    }

    [Fact]
    public async Task Get_UnknownOrAnotherTenants_IsNull()
    {
        var digest = await Store.PutAsync(_acme, _content, Token);
        Assert.Null(await Store.GetAsync(new("globex"), digest, Token));
        Assert.Null(await Store.GetAsync(_acme, "sha256:" + new string('0', 64), Token));
    }

    [Fact]
    public async Task Put_SameBytesAtOnce_StoresOneBlobATenant()
    {
        var digests = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Store.PutAsync(new(i % 2 == 0 ? "acme" : "globex"), _content, Token), Token)));
        Assert.Single(digests.Distinct());
        Assert.Equal(2, await CountAsync());
        Assert.Equal(_content, await Store.GetAsync(_acme, digests[0], Token));
    }

    [Fact]
    public async Task Get_DamagedBlob_Throws()
    {
        var digest = await Store.PutAsync(_acme, _content, Token);
        foreach (var damaged in new[] { "Content", "", "content " })
        {
            await DamageAsync(_acme, digest, Encoding.UTF8.GetBytes(damaged));
            var found = await Assert.ThrowsAsync<InvalidDataException>(() => Store.GetAsync(_acme, digest, Token));
            Assert.Contains(digest, found.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AnyMethod_CancelledToken_DoesNothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.PutAsync(_acme, _content, cancelled));
        Assert.Equal(0, await CountAsync());
        var digest = await Store.PutAsync(_acme, _content, Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.GetAsync(_acme, digest, cancelled));
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("sha256:")]
    [InlineData("../../interlock.db")]
    [InlineData("sha256:../../../../../../../../../../../../../../../../../../../etc/passwd")]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550")]
    [InlineData("sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public async Task Get_NoDigest_Throws(string? digest) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Store.GetAsync(_acme, digest!, Token));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(".incoming")]
    [InlineData("../other")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("/etc")]
    [InlineData("Acme")]
    [InlineData("a\0")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task Tenant_NoTenantId_Throws(string? tenant)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Store.PutAsync(new(tenant!), _content, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.GetAsync(new(tenant!), "sha256:" + new string('0', 64), Token));
        Assert.Equal(0, await CountAsync());
    }
}
