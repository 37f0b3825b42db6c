using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Registry.Changes;

/// <summary>
/// Rows that hold one value under a MAC over the value and the row's key, in the member of that name: what Interlock did not write, or wrote for another row, is as good as none.
/// </summary>
internal sealed class SealedRows<T>(Mac mac, string purpose, string member)
    where T : class
{
    public JsonValue Seal(RowKey key, T value)
    {
        var body = RunJson.ToValue(value);
        return JsonValue.Object((member, body), ("mac", mac.Sign(purpose, Signed(key, body))));
    }

    public T? Open(TableRow row)
    {
        var body = row.Body[member] ?? JsonValue.Null;
        return row.Body["mac"]?.StringOrNull() is { } tag && mac.Verify(purpose, Signed(row.Key, body), tag) ? RunJson.FromValue<T>(body) : null;
    }

    private static JsonValue Signed(RowKey key, JsonValue body) => JsonValue.Array(key.Partition, key.Row, body);
}
