using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using Interlock.Core.Gateway;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Execution;

/// <summary>
/// Runs in a table store. A run is a partition: the row <c>head</c> holds its state, rows <c>event:{number}</c> what happened to it; a step
/// replaces the one and adds the others in one batch, if nobody else did meanwhile. Two more tables list a tenant's runs, newest first, and those
/// that are open. A state of more than 512 KiB is compressed; what is larger than a row after that, and events of more than 64 KiB, are blobs.
/// </summary>
public sealed class RunStore(ITableStore store, IBlobStore blobs) : IRunLog
{
    /// <summary>How many events one step may have.</summary>
    public const int MaxEvents = 16;

    private const string Table = "runs";
    private const string ListTable = "runlist";
    private const string OpenTable = "runsopen";
    private const string HeadRow = "head";
    private const string EventPrefix = "event:";
    private const int InlineEventBytes = 64 * 1024;
    private const int InlineStateBytes = 512 * 1024;
    private const int PackedStateBytes = 560 * 1024;

    public async Task<StoredRun?> FindAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
    {
        if (await store.GetAsync(Table, Head(tenant, run), cancellationToken) is not { } row) return null;
        return new StoredRun(await UnpackAsync<RunState>(tenant, row.Body["state"], cancellationToken), row.Body["recorded"] == JsonValue.True, row.ETag);
    }

    /// <summary>Stores a run's first step; null when there is a run of that id. The lists come first: no run is hidden from those who look for open ones.</summary>
    public async Task<StoredRun?> InsertAsync(RunStep first, CancellationToken cancellationToken = default)
    {
        var state = first.State;
        var summary = JsonValue.Object(("run", state.Id.Value), ("workflow", state.Workflow.Name), ("version", state.Workflow.Version), ("startedAt", Text(state.StartedAt)));
        await store.InsertAsync(OpenTable, OpenKey(state.Tenant, state.Id), summary, cancellationToken);
        await store.InsertAsync(ListTable, ListKey(state), summary, cancellationToken);
        return await WriteAsync(new TableWrite.Insert(HeadRow, await HeadAsync(state, first.StateJson, false, cancellationToken)), first, cancellationToken);
    }

    /// <summary>Stores the next step, of at most <see cref="MaxEvents"/> events; null when somebody else stored one first.</summary>
    public async Task<StoredRun?> AppendAsync(StoredRun before, RunStep step, CancellationToken cancellationToken = default)
    {
        if (step.State.Events != before.State.Events + step.EventsJson.Count) throw new ArgumentException("The state is not the one after these events.", nameof(step));
        return await WriteAsync(new TableWrite.Replace(HeadRow, await HeadAsync(step.State, step.StateJson, false, cancellationToken), before.ETag), step, cancellationToken);
    }

    /// <summary>Notes that a run's end is in the audit, and takes it off the list of open runs. Doing it again changes nothing.</summary>
    public async Task CloseAsync(StoredRun ended, CancellationToken cancellationToken = default)
    {
        var state = ended.State;
        if (!ended.IsRecorded)
            await store.ReplaceAsync(Table, Head(state.Tenant, state.Id), await HeadAsync(state, RunJson.Serialize(state), true, cancellationToken), ended.ETag, cancellationToken);
        await ForgetAsync(state.Tenant, state.Id, cancellationToken);
    }

    /// <summary>Takes a run off the list of open runs.</summary>
    public async Task ForgetAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
    {
        if (await store.GetAsync(OpenTable, OpenKey(tenant, run), cancellationToken) is { } listed)
            await store.DeleteAsync(OpenTable, listed.Key, listed.ETag, cancellationToken);
    }

    /// <summary>The tenant's runs that were open when they were read, and since when they are listed; one that was never stored may be among them.</summary>
    public async IAsyncEnumerable<(RunId Run, DateTimeOffset Since)> OpenAsync(TenantId tenant, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var row in store.QueryAsync(OpenTable, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
            yield return (new RunId(row.Key.Row), Time(row.Body["startedAt"]));
    }

    /// <summary>The tenant's runs, newest start first.</summary>
    public async IAsyncEnumerable<RunId> ListAsync(TenantId tenant, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var row in store.QueryAsync(ListTable, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
            yield return new RunId(row.Body["run"]?.StringOrNull() ?? throw new InvalidDataException($"The list row {row.Key.Row} names no run."));
    }

    /// <summary>What happened to a run, in order.</summary>
    public IAsyncEnumerable<RunEvent> EventsAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => SinceAsync(tenant, run, 0, cancellationToken);

    public async IAsyncEnumerable<RunEvent> SinceAsync(TenantId tenant, RunId run, long after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var row in store.QueryAsync(Table, Partition(tenant, run), EventRow(after + 1), HeadRow, cancellationToken: cancellationToken))
            yield return await UnpackAsync<RunEvent>(tenant, row.Body, cancellationToken);
    }

    private async Task<StoredRun?> WriteAsync(TableWrite head, RunStep step, CancellationToken cancellationToken)
    {
        var (state, first) = (step.State, step.State.Events - step.EventsJson.Count + 1);
        var writes = new List<TableWrite> { head };
        for (var i = 0; i < step.EventsJson.Count; i++) writes.Add(await EventAsync(state.Tenant, first + i, step.EventsJson[i], cancellationToken));
        var written = await store.BatchAsync(Table, Partition(state.Tenant, state.Id), writes, cancellationToken);
        return written.Ok ? new StoredRun(state, false, written.ETags![0]!) : null; // a written batch gives an ETag for each insert and replacement
    }

    private async Task<JsonValue> HeadAsync(RunState state, byte[] json, bool recorded, CancellationToken cancellationToken) => JsonValue.Object(
        ("status", state.Status.Text()), ("workflow", state.Workflow.Name), ("version", state.Workflow.Version), ("events", (double)state.Events), ("recorded", recorded),
        ("state", await PackAsync(state.Tenant, json, InlineStateBytes, PackedStateBytes, cancellationToken)));

    private static string EventRow(long number) => EventPrefix + number.ToString("D19", CultureInfo.InvariantCulture);

    private async Task<TableWrite> EventAsync(TenantId tenant, long number, byte[] json, CancellationToken cancellationToken) => new TableWrite.Insert(
        EventRow(number), await PackAsync(tenant, json, InlineEventBytes, 0, cancellationToken));

    /// <summary>The value as <c>json</c>, or packed as <c>gzip</c> in base64, or as the digest of a <c>blob</c>.</summary>
    private async Task<JsonValue> PackAsync(TenantId tenant, byte[] bytes, int inline, int packed, CancellationToken cancellationToken)
    {
        if (bytes.Length <= inline) return JsonValue.Object(("json", StrictJson.ParseLenient(bytes)));
        if (packed > 0 && Zip(bytes) is var zipped && zipped.Length <= packed) return JsonValue.Object(("gzip", Convert.ToBase64String(zipped)));
        return JsonValue.Object(("blob", await blobs.PutAsync(tenant, bytes, cancellationToken)));
    }

    private async Task<T> UnpackAsync<T>(TenantId tenant, JsonValue? stored, CancellationToken cancellationToken)
    {
        if (stored?["json"] is { } json) return RunJson.FromValue<T>(json);
        if (stored?["gzip"]?.StringOrNull() is { } zipped) return RunJson.Deserialize<T>(Unzip(Convert.FromBase64String(zipped)));
        var digest = stored?["blob"]?.StringOrNull() ?? throw new InvalidDataException($"A row of a run holds no {typeof(T).Name}.");
        return RunJson.Deserialize<T>(await blobs.GetAsync(tenant, digest, cancellationToken) ?? throw new InvalidDataException($"The stored {typeof(T).Name} {digest} is missing from the blob store."));
    }

    private static byte[] Zip(byte[] bytes)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest)) gzip.Write(bytes);
        return zipped.ToArray();
    }

    private static byte[] Unzip(byte[] zipped)
    {
        using var gzip = new GZipStream(new MemoryStream(zipped), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        gzip.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static string Partition(TenantId tenant, RunId run) => Keys.Join(tenant.Value, run.Value);

    private static RowKey Head(TenantId tenant, RunId run) => new(Partition(tenant, run), HeadRow);

    private static RowKey OpenKey(TenantId tenant, RunId run) => new(Keys.Join(tenant.Value), run.Value);

    /// <summary>Newest first: the row's key falls as time goes on.</summary>
    private static RowKey ListKey(RunState state) => new(
        Keys.Join(state.Tenant.Value), string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.MaxValue.UtcTicks - state.StartedAt.UtcTicks:D19}:{state.Id.Value}"));

    private static string Text(DateTimeOffset time) => time.ToString("O", CultureInfo.InvariantCulture);

    private static DateTimeOffset Time(JsonValue? text) => DateTimeOffset.Parse(text?.StringOrNull() ?? throw new InvalidDataException("A list row names no time."), CultureInfo.InvariantCulture);
}
