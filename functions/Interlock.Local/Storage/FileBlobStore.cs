using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Local.Storage;

/// <summary>
/// Blobs as files, <c>DIR/blobs/{tenant}/{first two hex digits}/{64 hex digits}</c>. A file appears whole: it is written and synced under
/// another name in <c>DIR/blobs/.incoming</c>, then renamed. A file that no longer has its digest is replaced when the same bytes are stored again.
/// </summary>
internal sealed class FileBlobStore : IBlobStore
{
    private readonly string _root;
    private readonly string _incoming;
    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);

    /// <param name="directory">The data directory.</param>
    public FileBlobStore(string directory)
    {
        _root = Path.Combine(Path.GetFullPath(directory), "blobs");
        _incoming = Path.Combine(_root, ".incoming"); // no tenant's name begins with a dot
    }

    /// <summary>Deletes what a crash left half written. Only while nobody writes: at the host's start, holding the data directory.</summary>
    public void RemoveUnfinished()
    {
        if (!Directory.Exists(_incoming)) return;
        foreach (var file in Directory.EnumerateFiles(_incoming)) File.Delete(file);
    }

    public async Task<string> PutAsync(TenantId tenant, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        BlobRules.CheckTenant(tenant);
        var digest = CanonicalJson.Digest(content.Span);
        var file = PathOf(tenant, digest);
        var folder = Path.GetDirectoryName(file)!; // it lies below the root
        Ensure(folder);
        if (await ReadAsync(file, cancellationToken) is not { } stored || CanonicalJson.Digest(stored) != digest)
            await WriteAsync(file, content, cancellationToken);
        DataDirectory.SyncDirectory(folder); // also when it was there: who wrote it may not have got here yet
        return digest;
    }

    public async Task<byte[]?> GetAsync(TenantId tenant, string digest, CancellationToken cancellationToken = default)
    {
        BlobRules.CheckTenant(tenant);
        var content = await ReadAsync(PathOf(tenant, digest), cancellationToken);
        if (content is not null && CanonicalJson.Digest(content) != digest)
            throw new InvalidDataException($"The blob {digest} of tenant {tenant} was changed or damaged on disk. Restore it from a backup.");
        return content;
    }

    private string PathOf(TenantId tenant, string digest)
    {
        var hex = BlobRules.Hex(digest);
        return Path.Combine(_root, tenant.Value, hex[..2], hex);
    }

    private async Task WriteAsync(string file, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Ensure(_incoming);
        var unfinished = Path.Combine(_incoming, Guid.NewGuid().ToString("N"));
        try
        {
            await using (var stream = DataDirectory.OpenFile(unfinished, FileMode.CreateNew, FileShare.None))
            {
                await stream.WriteAsync(content, cancellationToken);
                stream.Flush(flushToDisk: true);
            }
            File.Move(unfinished, file, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    private static async Task<byte[]?> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Creates a folder below the root with every level durable. One that exists may be another writer's, not yet synced.</summary>
    private void Ensure(string folder)
    {
        if (_durable.ContainsKey(folder)) return;
        DataDirectory.CreateDirectory(folder);
        for (var level = folder; level != _root; level = Path.GetDirectoryName(level)!) // it lies below the root
            DataDirectory.SyncDirectory(Path.GetDirectoryName(level)!); // so does every level
        DataDirectory.SyncDirectory(Path.GetDirectoryName(_root)!); // the root lies in the data directory
        _durable[folder] = true;
    }
}
