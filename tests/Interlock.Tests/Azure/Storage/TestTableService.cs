using Azure.Core;
using Azure.Data.Tables;
using Interlock.Functions.Storage;

namespace Interlock.Tests.Azure.Storage;

/// <summary>
/// A table service for tests, in memory or Azurite: its clients send through the SDKs' real pipeline, with the real retry policy and the
/// store's own options, over a transport with <see cref="Faults"/>.
/// </summary>
internal abstract class TestTableService : TableServiceClient
{
    public Faults Faults { get; } = new();

    protected static TableClientOptions Options(bool counted)
    {
        var options = counted ? TableStore.Options() : new TableClientOptions();
        options.Retry.Mode = RetryMode.Fixed;
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxRetries = 3;
        return options;
    }
}
