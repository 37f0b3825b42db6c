using System.Text;
using Interlock.Core;
using Interlock.Local.Storage;

namespace Interlock.Tests.Storage;

public sealed class FileBlobStoreTests : IDisposable
{
    private static readonly TenantId _acme = new("acme");
    private static readonly byte[] _content = Encoding.UTF8.GetBytes("content");

    private readonly TempDirectory _directory = new();
    private readonly FileBlobStore _store;

    public FileBlobStoreTests() => _store = new FileBlobStore(_directory.Path);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_000_000)]
    public async Task Put_Bytes_ReadsThemBackUnderTheirDigest(int size)
    {
        var content = Enumerable.Range(0, size).Select(i => (byte)i).ToArray();
        var digest = await _store.PutAsync(_acme, content, Token);
        Assert.Equal(Interlock.Json.CanonicalJson.Digest(content), digest);
        Assert.Equal(content, await new FileBlobStore(_directory.Path).GetAsync(_acme, digest, Token));
    }

    [Fact]
    public async Task Put_SameBytesAtOnce_StoresOneFileAndLeavesNoOther()
    {
        var digests = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => _store.PutAsync(_acme, _content, Token), Token)));
        Assert.Single(digests.Distinct());
        Assert.Equal(BlobFile(digests[0]), Assert.Single(Directory.GetFiles(_directory.Path, "*", SearchOption.AllDirectories)));
    }

    [Fact]
    public async Task Put_NewFile_IsItsOwnersAlone()
    {
        if (OperatingSystem.IsWindows()) return;
        var file = BlobFile(await _store.PutAsync(_acme, _content, Token));
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(owner, File.GetUnixFileMode(file));
        for (var folder = Path.GetDirectoryName(file)!; folder.Length >= _directory.Path.Length; folder = Path.GetDirectoryName(folder)!)
            Assert.Equal(owner | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
    }

    [Fact]
    public async Task Get_UnknownOrAnotherTenants_IsNull()
    {
        var digest = await _store.PutAsync(_acme, _content, Token);
        Assert.Null(await _store.GetAsync(new("globex"), digest, Token));
        Assert.Null(await _store.GetAsync(_acme, "sha256:" + new string('0', 64), Token));
    }

    [Fact]
    public async Task Get_TamperedFile_ThrowsAndPutMendsIt()
    {
        var digest = await _store.PutAsync(_acme, _content, Token);
        foreach (var tampered in new[] { "Content", "", "content " })
        {
            await File.WriteAllTextAsync(BlobFile(digest), tampered, Token);
            var found = await Assert.ThrowsAsync<InvalidDataException>(() => _store.GetAsync(_acme, digest, Token));
            Assert.Contains(digest, found.Message, StringComparison.Ordinal);
        }
        await _store.PutAsync(_acme, _content, Token);
        Assert.Equal(_content, await _store.GetAsync(_acme, digest, Token));
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
        await Assert.ThrowsAsync<ArgumentException>(() => _store.GetAsync(_acme, digest!, Token));

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
        await Assert.ThrowsAsync<ArgumentException>(() => _store.PutAsync(new(tenant!), _content, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => _store.GetAsync(new(tenant!), "sha256:" + new string('0', 64), Token));
        Assert.False(Directory.Exists(_directory.Path));
    }

    [Fact]
    public async Task Put_Cancelled_LeavesNothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _store.PutAsync(_acme, _content, new CancellationToken(canceled: true)));
        Assert.Empty(Directory.GetFiles(_directory.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task RemoveUnfinished_AfterACrash_DeletesOnlyHalfWrittenFiles()
    {
        _store.RemoveUnfinished();
        var digest = await _store.PutAsync(_acme, _content, Token);
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "blobs", ".incoming", "half"), "con", Token);
        _store.RemoveUnfinished();
        Assert.Equal(BlobFile(digest), Assert.Single(Directory.GetFiles(_directory.Path, "*", SearchOption.AllDirectories)));
        Assert.NotNull(await _store.GetAsync(_acme, digest, Token));
    }

    private string BlobFile(string digest) => Path.Combine(_directory.Path, "blobs", "acme", digest["sha256:".Length..][..2], digest["sha256:".Length..]);
}
