using Interlock.Core.Storage;
using Interlock.Functions.Storage;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Azure.Storage;

public sealed class TableStoreTests : TableStoreContract
{
    protected override ITableStore Store { get; } = new TableStore(new MemoryTableService());
}

public sealed class ShortPagesTableStoreTests : TableStoreContract
{
    protected override ITableStore Store { get; } = new TableStore(new MemoryTableService { ShortPages = true });
}

[Collection("azurite")]
public sealed class AzuriteTableStoreTests(Azurite azurite) : TableStoreContract, IAsyncLifetime
{
    private TableStore? _store;

    protected override ITableStore Store => _store!; // initialized before each test

    public async ValueTask InitializeAsync() => _store = new TableStore(new RestTableService(await azurite.TablesAsync(), azurite.UniqueName()));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
