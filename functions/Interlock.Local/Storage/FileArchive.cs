using System.Security.Cryptography;
using Interlock.Core;
using Interlock.Core.Audit;

namespace Interlock.Local.Storage;

/// <summary>
/// An archive as a folder: another disk, a share, a mount where nothing can be changed. An object is a file of its name, which appears whole and is never replaced by us; what keeps others from
/// changing it is the folder's own.
/// </summary>
internal sealed class FileArchive : IArchive
{
    private readonly string _root;
    private readonly string _incoming;

    public FileArchive(string folder)
    {
        _root = Path.GetFullPath(folder);
        _incoming = Path.Combine(_root, ".incoming"); // no object's name begins with a dot
    }

    public async Task<string?> AddAsync(string name, Stream content, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var file = Path.Combine(_root, Path.Combine(name.Split('/')));
        DataDirectory.CreateDirectory(Path.GetDirectoryName(file)!); // it lies below the root
        if (File.Exists(file)) return await DigestAsync(file, cancellationToken);
        DataDirectory.CreateDirectory(_incoming);
        var unfinished = Path.Combine(_incoming, Guid.NewGuid().ToString("N"));
        try
        {
            await using (var stream = DataDirectory.OpenFile(unfinished, FileMode.CreateNew, FileShare.None))
            {
                content.Position = 0;
                await content.CopyToAsync(stream, cancellationToken);
                stream.Flush(flushToDisk: true);
            }
            File.Move(unfinished, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            return await DigestAsync(file, cancellationToken);
        }
        finally
        {
            File.Delete(unfinished);
        }
        DataDirectory.SyncDirectory(Path.GetDirectoryName(file)!);
        return null;
    }

    /// <summary>A tenant's checkpoints, in the order of their numbers.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> CheckpointsAsync(TenantId tenant)
    {
        var folder = Path.Combine(_root, Path.Combine(ArchiveName.OfCheckpoints(tenant).Split('/')));
        if (!Directory.Exists(folder)) yield break;
        foreach (var file in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)) yield return await File.ReadAllBytesAsync(file);
    }

    private static async Task<string> DigestAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}
