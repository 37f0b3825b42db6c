using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;

namespace Interlock.Tests.Azure.Storage;

/// <summary>
/// A table service in memory with the real one's rules and refusals. Source: Understanding the Table service data model, Performing entity
/// group transactions, Query timeout and pagination, Table service error codes.
/// </summary>
internal sealed partial class MemoryTableService : TestTableService
{
    private const int MaxPageRows = 1000;
    private const int MaxBatchRows = 100;
    private const int MaxBatchBytes = 4 * 1024 * 1024;
    private const int MaxEntityBytes = 1024 * 1024;
    private const int MaxValueBytes = 64 * 1024;
    private const int MaxProperties = 255 - 3;
    private const int MaxKeyLength = 512;

    private static readonly Uri _endpoint = new("https://thirtytwocharactersofanaccount00.table.core.windows.net");
    private static readonly DateTime _epoch = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static long _writes;

    private readonly Lock _lock;
    private readonly Dictionary<string, SortedList<(string Partition, string Row), TableEntity>> _tables;
    private readonly HttpPipeline _pipeline;

    public MemoryTableService(bool counted = true) : this(new Lock(), new(StringComparer.OrdinalIgnoreCase), counted)
    {
    }

    private MemoryTableService(Lock gate, Dictionary<string, SortedList<(string Partition, string Row), TableEntity>> tables, bool counted)
    {
        (_lock, _tables) = (gate, tables);
        var options = Options(counted);
        options.Transport = new FaultyTransport(Faults, new OperationTransport());
        _pipeline = HttpPipelineBuilder.Build(options);
    }

    /// <summary>Pages end early, and between them come empty ones, as the service is free to answer.</summary>
    public bool ShortPages { get; set; }

    /// <summary>Making tables is refused, as with an identity that lacks the right.</summary>
    public bool TablesAreGiven { get; set; }

    public int Creations { get; private set; }

    /// <summary>A client of the same service that has no faults.</summary>
    public MemoryTableService Beside() => new(_lock, _tables, counted: true);

    public override TableClient GetTableClient(string tableName) => new Client(this, tableName);

    private Task<StubResponse> SendAsync(Func<StubResponse> operation, CancellationToken cancellationToken) =>
        OperationTransport.SendAsync(_pipeline, operation, cancellationToken);

    private StubResponse Create(string table)
    {
        lock (_lock)
        {
            Creations++;
            if (TablesAreGiven) return Refuse(403, "AuthorizationPermissionMismatch");
            _tables.TryAdd(table, new SortedList<(string Partition, string Row), TableEntity>(Comparer<(string Partition, string Row)>.Create((x, y) =>
                string.CompareOrdinal(x.Partition, y.Partition) is var order and not 0 ? order : string.CompareOrdinal(x.Row, y.Row))));
            return new StubResponse(204);
        }
    }

    private StubResponse Submit(string table, IReadOnlyList<TableTransactionAction> actions)
    {
        if (actions.Count > MaxBatchRows) return Refuse(400, "InvalidInput", MaxBatchRows - 1);
        if (TableWire.Batch(_endpoint, table, actions).Length > MaxBatchBytes) return Refuse(413, "RequestBodyTooLarge");
        lock (_lock)
        {
            if (!_tables.TryGetValue(table, out var rows)) return Refuse(404, "TableNotFound", 0);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (var i = 0; i < actions.Count; i++)
            {
                if (actions[i].Entity.PartitionKey != actions[0].Entity.PartitionKey) return Refuse(400, "CommandsInBatchActOnDifferentPartitions", i);
                if (!seen.Add(actions[i].Entity.RowKey)) return Refuse(400, "InvalidDuplicateRow", i);
                if (Check(rows, actions[i]) is { } error) return Refuse(error.Status, error.Code, i);
            }
            return new StubResponse(202) { Result = actions.Select(action => Apply(rows, action)).ToList() };
        }
    }

    private static ServiceError? Check(SortedList<(string Partition, string Row), TableEntity> rows, TableTransactionAction action)
    {
        var entity = (TableEntity)action.Entity;
        if (CheckKey(entity.PartitionKey) is { } partition) return partition;
        if (CheckKey(entity.RowKey) is { } row) return row;
        if (action.ActionType != TableTransactionActionType.Delete && CheckProperties(entity) is { } property) return property;
        var stored = rows.GetValueOrDefault((entity.PartitionKey, entity.RowKey));
        if (action.ActionType == TableTransactionActionType.Add) return stored is null ? null : new ServiceError(409, "EntityAlreadyExists");
        if (action.ETag == default && action.ActionType == TableTransactionActionType.UpdateReplace) return null; // without a condition it is an upsert
        if (action.ETag != default && action.ETag != ETag.All && !WeakETag().IsMatch(action.ETag.ToString())) return new ServiceError(400, "InvalidInput");
        if (stored is null) return new ServiceError(404, "ResourceNotFound");
        return action.ETag == default || action.ETag == ETag.All || action.ETag == stored.ETag ? null : new ServiceError(412, "UpdateConditionNotSatisfied");
    }

    private static ServiceError? CheckKey(string? key)
    {
        if (key is null) return new ServiceError(400, "PropertiesNeedValue");
        if (key.Length > MaxKeyLength) return new ServiceError(400, "KeyValueTooLarge");
        return key.Any(c => c is '/' or '\\' or '#' or '?' || char.IsControl(c)) ? new ServiceError(400, "OutOfRangeInput") : null;
    }

    private static ServiceError? CheckProperties(TableEntity entity)
    {
        var names = entity.Keys.Where(name => name is not ("PartitionKey" or "RowKey")).ToList();
        if (names.Count > MaxProperties) return new ServiceError(400, "TooManyProperties");
        if (names.Any(name => Size(entity[name]) > MaxValueBytes)) return new ServiceError(400, "PropertyValueTooLarge");
        var bytes = names.Sum(name => 8 + (2 * name.Length) + Size(entity[name])) + 4 + (2 * (entity.PartitionKey.Length + entity.RowKey.Length));
        return bytes > MaxEntityBytes ? new ServiceError(400, "EntityTooLarge") : null;
    }

    private static int Size(object? value) => value is byte[] binary ? binary.Length : 2 * ((string?)value ?? "").Length;

    private Response Apply(SortedList<(string Partition, string Row), TableEntity> rows, TableTransactionAction action)
    {
        var entity = (TableEntity)action.Entity;
        if (action.ActionType == TableTransactionActionType.Delete)
        {
            rows.Remove((entity.PartitionKey, entity.RowKey));
            return new StubResponse(204);
        }
        var time = _epoch.AddTicks(Interlocked.Increment(ref _writes)).ToString("O", CultureInfo.InvariantCulture);
        var etag = $"W/\"datetime'{Uri.EscapeDataString(time)}'\"";
        rows[(entity.PartitionKey, entity.RowKey)] = Copy(entity, etag);
        return new StubResponse(204, etag);
    }

    private StubResponse Query(string table, string? filter, int? top, IEnumerable<string>? select, string? token)
    {
        if (top is < 1 or > MaxPageRows) return Refuse(400, "InvalidInput");
        if (filter is null || Filter().Match(filter) is not { Success: true } match) return Refuse(400, "InvalidInput");
        lock (_lock)
        {
            if (!_tables.TryGetValue(table, out var rows)) return Refuse(404, "TableNotFound");
            var start = token?.Split(' ').Select(part => Encoding.UTF8.GetString(Convert.FromHexString(part))).ToArray();
            var fitting = rows.Where(row => row.Key.Partition == Unquote(match.Groups["partition"].Value)
                && match.Groups["bound"].Captures.Select((bound, i) => Holds(row.Key.Row, match.Groups["operator"].Captures[i].Value, Unquote(bound.Value))).All(holds => holds)
                && (start is null || string.CompareOrdinal(row.Key.Row, start[1]) >= 0)).ToList();
            var limit = ShortPages ? start is null ? 0 : Math.Min(7, top ?? MaxPageRows) : top ?? MaxPageRows;
            var next = fitting.Count > limit ? string.Join(' ', new[] { fitting[limit].Key.Partition, fitting[limit].Key.Row }.Select(part => Convert.ToHexString(Encoding.UTF8.GetBytes(part)))) : null;
            return new StubResponse(200) { Result = (fitting.Take(limit).Select(row => Copy(row.Value, row.Value.ETag.ToString(), select)).ToList(), next) };
        }
    }

    private static bool Holds(string row, string comparison, string bound) => comparison switch
    {
        "eq" => row == bound,
        "ge" => string.CompareOrdinal(row, bound) >= 0,
        _ => string.CompareOrdinal(row, bound) < 0,
    };

    private static string Unquote(string literal) => literal.Replace("''", "'", StringComparison.Ordinal);

    private static TableEntity Copy(TableEntity entity, string etag, IEnumerable<string>? select = null)
    {
        var copy = new TableEntity { ETag = new ETag(etag) };
        foreach (var name in entity.Keys.Where(name => select is null || select.Contains(name)))
            copy[name] = entity[name] is byte[] binary ? binary.ToArray() : entity[name];
        return copy;
    }

    private static StubResponse Refuse(int status, string code, int? index = null) =>
        new(index is null ? status : 202) { Error = new ServiceError(status, code, index) };

    [GeneratedRegex("^PartitionKey eq '(?<partition>([^']|'')*)'( and RowKey (?<operator>eq|ge|lt) '(?<bound>([^']|'')*)')*$")]
    private static partial Regex Filter();

    [GeneratedRegex("^W/\"[^\"]*\"$")]
    private static partial Regex WeakETag();

    private sealed class Client(MemoryTableService service, string table) : TableClient
    {
        public override string Name => table;

        public override async Task<Response<TableItem>> CreateIfNotExistsAsync(CancellationToken cancellationToken = default) =>
            Response.FromValue(new TableItem(table), await service.SendAsync(() => service.Create(table), cancellationToken));

        public override AsyncPageable<T> QueryAsync<T>(
            string? filter = null, int? maxPerPage = null, IEnumerable<string>? select = null, CancellationToken cancellationToken = default) => new Pages<T>(async token =>
        {
            var response = await service.SendAsync(() => service.Query(table, filter, maxPerPage, select, token), cancellationToken);
            var (entities, next) = ((List<TableEntity>, string?))response.Result!; // a query's result
            return Page<T>.FromValues([.. entities.Cast<T>()], next, response);
        });

        public override async Task<Response<IReadOnlyList<Response>>> SubmitTransactionAsync(
            IEnumerable<TableTransactionAction> transactionActions, CancellationToken cancellationToken = default)
        {
            TableTransactionAction[] actions = [.. transactionActions];
            if (actions.Length == 0) throw new InvalidOperationException("The batch contains no entity operations.");
            var response = await service.SendAsync(() => service.Submit(table, actions), cancellationToken);
            return Response.FromValue<IReadOnlyList<Response>>((List<Response>)response.Result!, response); // a batch's result
        }
    }
}
