using System.Collections.Concurrent;
using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Tests.Audit;

/// <summary>An archive in memory that keeps <see cref="ArchiveContract"/>.</summary>
internal sealed class MemoryArchive : IArchive
{
    private readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, byte[]> Objects => _objects;

    /// <summary>Runs before each adding, with the name; may throw.</summary>
    public Action<string>? Before { get; set; }

    /// <summary>Runs after each adding, with the name; may throw.</summary>
    public Action<string>? After { get; set; }

    public void Overwrite(string name, byte[] content) => _objects[name] = content;

    public async Task<string?> AddAsync(string name, Stream content, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Before?.Invoke(name);
        content.Position = 0;
        var copy = new MemoryStream();
        await content.CopyToAsync(copy, cancellationToken);
        var bytes = copy.ToArray();
        var there = _objects.GetOrAdd(name, bytes);
        After?.Invoke(name);
        return ReferenceEquals(there, bytes) ? null : CanonicalJson.Digest(there);
    }
}
