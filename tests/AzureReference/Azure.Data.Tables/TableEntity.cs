#nullable disable
namespace Azure.Data.Tables;

/// <summary>The properties of a row. The real type is a dictionary too; here it lacks the conversions that the app doesn't use.</summary>
public sealed class TableEntity : ITableEntity
{
    private readonly Dictionary<string, object> _properties = new(StringComparer.Ordinal);

    public TableEntity()
    {
    }

    public TableEntity(string partitionKey, string rowKey)
    {
        PartitionKey = partitionKey;
        RowKey = rowKey;
    }

    public string PartitionKey
    {
        get => GetString("PartitionKey");
        set => _properties["PartitionKey"] = value;
    }

    public string RowKey
    {
        get => GetString("RowKey");
        set => _properties["RowKey"] = value;
    }

    public DateTimeOffset? Timestamp { get; set; }

    public ETag ETag { get; set; }

    public ICollection<string> Keys => _properties.Keys;

    public object this[string key]
    {
        get => _properties.GetValueOrDefault(key);
        set => _properties[key] = value;
    }

    public string GetString(string key) => (string)this[key];

    public byte[] GetBinary(string key) => (byte[])this[key];
}
