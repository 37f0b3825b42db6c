using Interlock.Core.Storage;

namespace Interlock.Tests.Storage;

public sealed class MemoryTableStoreTests : JointTablesContract
{
    protected override ITableStore Store { get; } = new MemoryTableStore();
}
