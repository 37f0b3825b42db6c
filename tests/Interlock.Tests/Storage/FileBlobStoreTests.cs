using System.Text;
using Interlock.Core;
using Interlock.Core.Storage;
using Interlock.Local.Storage;

namespace Interlock.Tests.Storage;

public sealed class FileBlobStoreTests : BlobStoreContract, IDisposable
{
    private static readonly TenantId _acme = new("acme");
    private static readonly byte[] _content = Encoding.UTF8.GetBytes("content");

    private readonly TempDirectory _directory = new();
    private readonly FileBlobStore _store;

    public FileBlobStoreTests() => _store = new FileBlobStore(_directory.Path);

    protected override IBlobStore Store => _store;

    public void Dispose() => _directory.Dispose();

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
    public async Task Put_OverADamagedFile_MendsIt()
    {
        var digest = await _store.PutAsync(_acme, _content, Token);
        await File.WriteAllTextAsync(BlobFile(digest), "Content", Token);
        await _store.PutAsync(_acme, _content, Token);
        Assert.Equal(_content, await _store.GetAsync(_acme, digest, Token));
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

    protected override IBlobStore Reopen() => new FileBlobStore(_directory.Path);

    protected override Task DamageAsync(TenantId tenant, string digest, byte[] content) => File.WriteAllBytesAsync(BlobFile(digest), content, Token);

    protected override Task<int> CountAsync() =>
        Task.FromResult(Directory.Exists(_directory.Path) ? Directory.GetFiles(_directory.Path, "*", SearchOption.AllDirectories).Length : 0);

    private string BlobFile(string digest) => Path.Combine(_directory.Path, "blobs", "acme", digest["sha256:".Length..][..2], digest["sha256:".Length..]);
}
