using System.Text;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway.Results;

/// <summary>
/// Results too large to be handed on: bytes in the blob store, and a row of table <c>artifacts</c> that says who may read them. An id is a MAC over tenant, effect and
/// content: nobody can guess one, and storing the same again changes nothing.
/// </summary>
public sealed class Artifacts(ITableStore store, IBlobStore blobs, Mac mac, TimeProvider time)
{
    private const string Table = "artifacts";
    private const string Row = "artifact";
    private const string Purpose = "interlock/artifact";
    private const int IdLength = 43;

    /// <summary>Keeps a value for the caller: a string as text, anything else as JSON.</summary>
    internal async Task<Artifact> KeepAsync(GatewayCall call, JsonValue value)
    {
        var (bytes, mediaType) = value.StringOrNull() is { } text ? (Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8") : (CanonicalJson.Serialize(value), "application/json");
        var digest = await blobs.PutAsync(call.Tenant, bytes);
        var id = mac.Sign(Purpose, JsonValue.Object(("tenant", call.Tenant.Value), ("effect", call.Effect.Value), ("run", call.Site?.Run.Value ?? ""), ("digest", digest)));
        var artifact = new Artifact(id, digest, bytes.Length, mediaType, call.Chain.Starter.Subject, call.Site?.Run, time.GetUtcNow()) { Target = call.Target };
        await store.InsertAsync(Table, Key(call.Tenant, id), RunJson.ToValue(artifact));
        return artifact;
    }

    /// <summary>The artifact if it is this principal's, or null. Another tenant's is as good as none.</summary>
    public async Task<Artifact?> FindAsync(TenantId tenant, string subject, string id, CancellationToken cancellationToken = default) =>
        await FindAsync(tenant, id, cancellationToken) is { } artifact && artifact.Subject == subject ? artifact : null;

    /// <summary>The tenant's artifact, for whoever may read everything.</summary>
    public async Task<Artifact?> FindAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        id.Length == IdLength && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && await store.GetAsync(Table, Key(tenant, id), cancellationToken) is { } row
            ? RunJson.FromValue<Artifact>(row.Body)
            : null;

    /// <exception cref="InvalidDataException">Its content is gone.</exception>
    public async Task<byte[]> ReadAsync(TenantId tenant, Artifact artifact, CancellationToken cancellationToken = default) =>
        await blobs.GetAsync(tenant, artifact.Digest, cancellationToken) ?? throw new InvalidDataException($"The content {artifact.Digest} of an artifact is missing from the blob store.");

    private static RowKey Key(TenantId tenant, string id) => new(Keys.Join(tenant.Value, id), Row);
}
