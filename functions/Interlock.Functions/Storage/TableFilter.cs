using System.Text;
using Interlock.Core.Storage;

namespace Interlock.Functions.Storage;

/// <summary>OData filters over keys. A literal stands in single quotes, with a quote in it doubled: nothing else ends it.</summary>
internal static class TableFilter
{
    public static string Row(RowKey key) => $"PartitionKey eq {Quote(key.Partition)} and RowKey eq {Quote(key.Row)}";

    public static string Range(string partition, string? from, string? to)
    {
        var filter = new StringBuilder($"PartitionKey eq {Quote(partition)}");
        if (!string.IsNullOrEmpty(from)) filter.Append(" and RowKey ge ").Append(Quote(Bound(from)));
        if (to is not null) filter.Append(" and RowKey lt ").Append(Quote(Bound(to)));
        return filter.ToString();
    }

    /// <summary>
    /// A bound without control characters that lies between the same keys: as no key has any, what begins with one lies where the next
    /// other character begins.
    /// </summary>
    private static string Bound(string bound)
    {
        for (var i = 0; i < bound.Length; i++)
        {
            if (char.IsControl(bound[i])) return string.Concat(bound.AsSpan(0, i), bound[i] < ' ' ? " " : "\u00a0");
        }
        return bound;
    }

    private static string Quote(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
}
