using System.Collections.Concurrent;
using Interlock.Core.Storage;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>Workflow documents by digest: stored as canonical JSON, whose digest is the blob's name; read and compiled once per process.</summary>
public sealed class WorkflowCatalog(IBlobStore blobs)
{
    private const int MaxCached = 512;

    private readonly ConcurrentDictionary<(TenantId, string), WorkflowDefinition> _cache = new();

    /// <summary>Stores a document, or what is kept beside one, and gives its digest.</summary>
    public Task<string> StoreAsync(TenantId tenant, JsonValue document, CancellationToken cancellationToken = default) =>
        blobs.PutAsync(tenant, CanonicalJson.Serialize(document), cancellationToken);

    /// <summary>What is stored under that digest, as it is; null when this tenant has nothing there.</summary>
    public async Task<JsonValue?> ReadAsync(TenantId tenant, string digest, CancellationToken cancellationToken = default) =>
        await blobs.GetAsync(tenant, digest, cancellationToken) is { } bytes ? StrictJson.Parse(bytes) : null;

    /// <summary>The checked definition of that document.</summary>
    /// <exception cref="InvalidDataException">This tenant has no such document, or what is stored no longer checks.</exception>
    public async Task<WorkflowDefinition> LoadAsync(TenantId tenant, string digest, CancellationToken cancellationToken = default)
    {
        if (_cache.TryGetValue((tenant, digest), out var cached)) return cached;
        var document = await ReadAsync(tenant, digest, cancellationToken) ?? throw new InvalidDataException($"The workflow document {digest} is not in the store.");
        var read = WorkflowReader.FromDocument(document);
        var definition = read.Definition ?? throw new InvalidDataException($"The stored workflow document {digest} no longer checks: {string.Join("; ", read.Findings)}");
        if (_cache.Count >= MaxCached) _cache.Clear();
        return _cache[(tenant, digest)] = definition;
    }
}
