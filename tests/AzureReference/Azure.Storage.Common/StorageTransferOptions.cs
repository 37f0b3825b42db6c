// Azure.Storage.Common 12.28.0.
#nullable disable
namespace Azure.Storage;

public struct StorageTransferOptions
{
    public long? InitialTransferSize { get; set; }
}
