using System.Buffers;
using System.Text;
using Interlock.Json;

namespace Interlock.Core.Storage;

/// <summary>
/// The rules every <see cref="ITableStore"/> holds, in one place. Each check throws <see cref="ArgumentException"/> that names the
/// rule and the table, never a key or a body: those may hold what logs must not.
/// Source: Understanding the Table service data model (Azure Storage), and what is known of the service beyond it: see docs/storage.md.
/// </summary>
public static class TableRules
{
    public const int MaxKeyLength = 512;
    public const int MaxBodyBytes = 960 * 1024;
    public const int MaxBatchRows = 100;

    /// <summary>Keys and bodies of a batch as UTF-8: base64, escaping and headers make of it no more than the service's 4 MiB on the wire.</summary>
    public const int MaxBatchBytes = 2 * 1024 * 1024;

    private static readonly SearchValues<char> LettersAndDigits = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    private static readonly SearchValues<char> Plain = SearchValues.Create(" !\"$&'()*+,-.0123456789:;<=>@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>A table is named by 3 to 63 ASCII letters and digits, a letter first.</summary>
    public static void CheckTable(string table)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Length is < 3 or > 63 || !char.IsAsciiLetter(table[0]) || table.AsSpan().ContainsAnyExcept(LettersAndDigits))
            throw new ArgumentException("A table's name is 3 to 63 ASCII letters and digits, a letter first.", nameof(table));
    }

    public static void CheckKey(string table, RowKey key)
    {
        CheckTable(table);
        CheckKey(table, key.Partition, "partition key");
        CheckKey(table, key.Row, "row key");
    }

    /// <summary>Whether this can be a partition or row key.</summary>
    public static bool IsKey(string key) => key is { Length: > 0 and <= MaxKeyLength } && !HasForbidden(key);

    /// <summary>A query's bounds are not keys of rows: they may be empty and hold what keys don't, to name what lies between keys.</summary>
    public static void CheckQuery(string table, string partition, string? from, string? to)
    {
        CheckTable(table);
        CheckKey(table, partition, "partition key");
        CheckBound(table, from);
        CheckBound(table, to);
    }

    /// <summary>An ETag is one that a read or a write returned; <c>*</c>, which services take for "any", is refused.</summary>
    public static void CheckETag(string table, string etag)
    {
        if (string.IsNullOrEmpty(etag) || etag == "*") throw Broken(table, "an ETag is one that a read or write returned, never empty or '*'");
    }

    /// <summary>The body as the UTF-8 JSON that is stored; what this returns, <see cref="Decode"/> reads.</summary>
    public static byte[] Encode(string table, JsonValue body)
    {
        if (body is null) throw Broken(table, "a row has a body");
        if (!WithinDepth(body, StrictJson.MaxDepth)) throw Broken(table, $"a body nests at most {StrictJson.MaxDepth} levels");
        var utf8 = JsonText.WriteUtf8OrNull(body) ?? throw Broken(table, "a body's strings hold no lone surrogates");
        return utf8.Length <= MaxBodyBytes ? utf8 : throw TooBig(table);
    }

    /// <summary>Whether a row can have this body, and have it grow by so many bytes.</summary>
    public static bool Fits(JsonValue body, int spare) =>
        WithinDepth(body, StrictJson.MaxDepth) && JsonText.WriteUtf8(body).Length <= MaxBodyBytes - spare;

    /// <summary>A stored body as its value.</summary>
    /// <exception cref="NotIJsonException">The bytes are no JSON: the store is damaged.</exception>
    public static JsonValue Decode(ReadOnlySpan<byte> body) => StrictJson.ParseLenient(body);

    /// <summary>Checks a whole batch and returns its bodies as stored, null for deletes, in the order of the writes.</summary>
    public static IReadOnlyList<byte[]?> EncodeBatch(string table, string partition, IReadOnlyList<TableWrite> writes)
    {
        ArgumentNullException.ThrowIfNull(writes);
        CheckTable(table);
        if (writes.Count is 0 or > MaxBatchRows) throw Broken(table, $"a batch holds 1 to {MaxBatchRows} rows");
        var bytes = CheckKey(table, partition, "partition key") * writes.Count;
        var rows = new HashSet<string>(writes.Count, StringComparer.Ordinal);
        var bodies = new byte[]?[writes.Count];
        for (var i = 0; i < writes.Count; i++)
        {
            bytes += CheckKey(table, writes[i].Row, "row key");
            if (!rows.Add(writes[i].Row)) throw Broken(table, "a batch names each row once");
            bodies[i] = Encode(table, writes[i]);
            bytes += bodies[i]?.Length ?? 0;
            if (bytes > MaxBatchBytes) throw Broken(table, "a batch holds at most 2 MiB of keys and bodies");
        }
        return bodies;
    }

    /// <summary>The same for the batches of a joint write, of which no two name one row.</summary>
    public static IReadOnlyList<byte[]?>[] EncodeJoint(IReadOnlyList<TableBatch> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        if (batches.Count == 0) throw new ArgumentException("A joint write has batches.", nameof(batches));
        var rows = new HashSet<(string, string, string)>();
        var bodies = new IReadOnlyList<byte[]?>[batches.Count];
        for (var i = 0; i < batches.Count; i++)
        {
            var batch = batches[i];
            bodies[i] = EncodeBatch(batch.Table, batch.Partition, batch.Writes);
            foreach (var write in batch.Writes)
                if (!rows.Add((batch.Table, batch.Partition, write.Row))) throw Broken(batch.Table, "a joint write names each row once");
        }
        return bodies;
    }

    private static byte[]? Encode(string table, TableWrite write)
    {
        switch (write)
        {
            case TableWrite.Insert insert:
                return Encode(table, insert.Body);
            case TableWrite.Replace replace:
                CheckETag(table, replace.ETag);
                return Encode(table, replace.Body);
            case TableWrite.Delete delete:
                CheckETag(table, delete.ETag);
                return null;
            default:
                throw Broken(table, "a batch's writes are inserts, replaces and deletes");
        }
    }

    private static int CheckKey(string table, string key, string what)
    {
        if (string.IsNullOrEmpty(key)) throw Broken(table, $"a {what} is not empty");
        if (key.Length > MaxKeyLength) throw Broken(table, $"a {what} has at most {MaxKeyLength} characters");
        if (HasForbidden(key)) throw Broken(table, $"a {what} holds no '/', '\\', '#', '?', '%', control character or character beyond U+FFFF");
        return _utf8.GetByteCount(key);
    }

    private static bool HasForbidden(string key) => key.AsSpan().ContainsAnyExcept(Plain) && key.Any(IsForbidden);

    private static bool IsForbidden(char c) => c is '/' or '\\' or '#' or '?' or '%' || char.IsControl(c) || char.IsSurrogate(c);

    private static void CheckBound(string table, string? bound)
    {
        if (bound is null) return;
        if (bound.Length > MaxKeyLength) throw Broken(table, $"a query bound has at most {MaxKeyLength} characters");
        if (bound.Any(char.IsSurrogate)) throw Broken(table, "a query bound holds no character beyond U+FFFF");
    }

    private static bool WithinDepth(JsonValue value, int levels) => value.Nesting <= levels || value switch
    {
        { IsArray: true } => levels > 0 && value.Items.All(item => WithinDepth(item, levels - 1)),
        { IsObject: true } => levels > 0 && value.Members.All(member => WithinDepth(member.Value, levels - 1)),
        _ => true,
    };

    private static ArgumentException TooBig(string table) => Broken(table, "a body has at most 960 KiB as UTF-8 JSON; store more as a blob");

    private static ArgumentException Broken(string table, string rule) => new($"Table '{table}': {rule}.");
}
