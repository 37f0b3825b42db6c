using System.Globalization;
using Azure.Data.Tables;
using Interlock.Core.Storage;

namespace Interlock.Functions.Storage;

/// <summary>
/// A row as the service stores it: the body in binary columns <c>b0</c>, <c>b1</c>, … of at most 60 KiB (their limit is 64 KiB, or less: there are
/// reports of 64,000 bytes), and in <c>w</c> the write that left it so: <c>i</c> for an insert or <c>r</c> for a replacement, and its id.
/// </summary>
internal static class TableColumns
{
    private const int MaxColumnBytes = 60 * 1024;
    private const string Write = "w";

    public static string Inserted(string writeId) => "i" + writeId;

    public static string Replaced(string writeId) => "r" + writeId;

    /// <summary>Whether the row stands as an insert left it.</summary>
    public static bool IsAsInserted(TableEntity entity) => WriteOf(entity).StartsWith('i');

    public static string WriteOf(TableEntity entity) => entity.GetString(Write) ?? throw Damaged();

    public static TableEntity Entity(string partition, string row, ReadOnlySpan<byte> body, string write)
    {
        var entity = new TableEntity(partition, row) { [Write] = write };
        for (var i = 0; !body.IsEmpty; i++)
        {
            var length = Math.Min(body.Length, MaxColumnBytes);
            entity[Column(i)] = body[..length].ToArray();
            body = body[length..];
        }
        return entity;
    }

    /// <exception cref="InvalidDataException">It is no row of this store.</exception>
    public static TableRow Row(TableEntity entity)
    {
        var first = entity.GetBinary(Column(0)) ?? throw Damaged();
        var body = new MemoryStream(first, 0, first.Length, writable: false, publiclyVisible: true);
        if (entity.GetBinary(Column(1)) is { } second)
        {
            body = new MemoryStream();
            body.Write(first);
            body.Write(second);
            for (var i = 2; entity.GetBinary(Column(i)) is { } next; i++) body.Write(next);
        }
        return new TableRow(new RowKey(entity.PartitionKey, entity.RowKey), TableRules.Decode(body.GetBuffer().AsSpan(0, (int)body.Length)), entity.ETag.ToString());
    }

    private static string Column(int index) => string.Create(CultureInfo.InvariantCulture, $"b{index}");

    private static InvalidDataException Damaged() => new("A table holds a row that this store did not write.");
}
