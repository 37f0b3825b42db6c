using Interlock.Core.Audit;
using Interlock.Local.Storage;
using Interlock.Tests.Audit;

namespace Interlock.Tests.Storage;

public sealed class FileArchiveTests : ArchiveContract, IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    private protected override IArchive Archive => new FileArchive(_folder.Path);

    protected override async Task<byte[]?> ReadAsync(string name) =>
        Path.Combine(_folder.Path, Path.Combine(name.Split('/'))) is var file && File.Exists(file) ? await File.ReadAllBytesAsync(file, Token) : null;
}
