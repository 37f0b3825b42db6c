using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Interlock.Core.Identity;
using Interlock.Core.Storage;
using Interlock.Http.Api;
using Interlock.Json;

namespace Interlock.Tests.Web;

/// <summary>What the requests of one tenant read and write in the store is that tenant's, whatever ids they name: not only their answers are.</summary>
public sealed class TenantStoreTests(RecordedFixture web) : IClassFixture<RecordedFixture>
{
    [Fact]
    public async Task Requests_WithIdsOfAnotherTenant_TouchNoPartitionButTheirOwn()
    {
        var (run, gate) = await web.WaitingAsync("behind the wall");
        var rita = web.Token("rita", tenant: WebFixture.Rival);
        var mcp = web.Token("rita", TokenClass.Mcp, WebFixture.Rival);
        using var browser = await Browser.SignedInAsync(web, "rita", "rival");
        web.Store.Touched.Clear();
        foreach (var route in ApiRoutes.All.Where(route => !route.IsPublic))
        {
            var id = route.Path.StartsWith("/api/approvals", StringComparison.Ordinal) ? gate.Value : run.Value;
            var path = route.Path.Replace("{id}", id, StringComparison.Ordinal).Replace("{effect}", id, StringComparison.Ordinal).Replace("{ns}", "test", StringComparison.Ordinal)
                .Replace("{name}", "guarded", StringComparison.Ordinal).Replace("{server}", "stub", StringComparison.Ordinal).Replace("{tool}", "echo", StringComparison.Ordinal);
            await web.ApiAsync(route.Method, path, rita, Body(route), route.Body?.MediaTypes[0] ?? "application/json");
        }
        foreach (var (method, parameters) in new[]
        {
            ("tools/list", "{}"), ("resources/list", "{}"), ("prompts/list", "{}"), ("tools/call", """{"name":"stub__echo","arguments":{}}"""), ("tools/call", """{"name":"workflow__test__guarded","arguments":{"text":"x"}}"""),
            ("tools/call", $$$"""{"name":"interlock__run_status","arguments":{"runId":"{{{run}}}"}}"""), ("tools/call", $$$"""{"name":"interlock__call_status","arguments":{"handle":"{{{run}}}"}}"""),
            ("resources/read", $$"""{"uri":"interlock://artifacts/{{run}}"}"""),
        })
            await web.ApiAsync("POST", "/mcp", mcp, $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{{{parameters}}}}""", "application/json", ("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", "2025-11-25"));
        foreach (var page in (string[])["/", "/runs", $"/runs/{run}", "/approvals", "/approvals/rates", "/approvals/delegations", "/approvals/changes", $"/approvals/changes/{run}", $"/approvals/{gate}"])
            await browser.GetAsync(page);
        var touched = web.Store.Touched.ToList();
        Assert.InRange(touched.Select(one => one.Table).Distinct().Count(), 8, 100);
        Assert.Empty(touched.Where(one => one.Partition != "rival" && !one.Partition.StartsWith("rival|", StringComparison.Ordinal)).Distinct());
        await web.ApiAsync("GET", $"/api/approvals/{gate}", web.Token("dana"));
        Assert.Contains(web.Store.Touched, one => one.Partition.StartsWith("local", StringComparison.Ordinal)); // whose they are: and it is seen
    }

    private static string? Body(ApiRoute route) => route.Id switch
    {
        "startRun" => """{"workflow":"test/guarded","input":{"text":"x"},"idempotencyKey":"k"}""",
        "receiveEvents" => """{"specversion":"1.0","id":"1","source":"s","type":"test.happened"}""",
        "settleDoubt" => """{"happened":false,"reason":"x"}""",
        "setLifecycle" => """{"kind":"tool","name":"stub/echo","version":"1.0.0","lifecycle":"disabled"}""",
        "registerServer" => """{"name":"stub","address":"http://127.0.0.1:9"}""",
        "registerAgent" => """{"name":"stub","version":"1.0.0","address":"http://127.0.0.1:9"}""",
        "putPolicy" => "version: 1\nrules: []\n",
        "putQuotas" => "version: 1\n",
        _ => route.Body is null ? null : "{}",
    };
}

/// <summary>The same over a store that says what was touched.</summary>
public sealed class RecordedFixture : WebFixture
{
    internal RecordingTableStore Store { get; } = new(new MemoryTableStore());

    internal override ITableStore? Tables => Store;
}

/// <summary>Remembers the table and the partition of each operation.</summary>
internal sealed class RecordingTableStore(ITableStore inner) : ITableStore
{
    public ConcurrentQueue<(string Table, string Partition)> Touched { get; } = new();

    public Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default)
    {
        Touched.Enqueue((table, key.Partition));
        return inner.GetAsync(table, key, cancellationToken);
    }

    public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default)
    {
        Touched.Enqueue((table, key.Partition));
        return inner.InsertAsync(table, key, body, cancellationToken);
    }

    public Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default)
    {
        Touched.Enqueue((table, key.Partition));
        return inner.ReplaceAsync(table, key, body, etag, cancellationToken);
    }

    public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default)
    {
        Touched.Enqueue((table, key.Partition));
        return inner.DeleteAsync(table, key, etag, cancellationToken);
    }

    public Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default)
    {
        Touched.Enqueue((table, partition));
        return inner.BatchAsync(table, partition, writes, cancellationToken);
    }

    public async IAsyncEnumerable<TableRow> QueryAsync(
        string table, string partition, string? from = null, string? to = null, bool descending = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Touched.Enqueue((table, partition));
        await foreach (var row in inner.QueryAsync(table, partition, from, to, descending, cancellationToken)) yield return row;
    }
}
