using System.Collections;

namespace Interlock.Json;

/// <summary>
/// The items of an array: a prefix of a buffer that longer arrays may share. Appending to the longest of them writes
/// in place, appending to a shorter one copies, so no array ever sees another's items.
/// </summary>
public sealed class JsonItems : IReadOnlyList<JsonValue>
{
    private readonly Buffer _buffer;

    private JsonItems(Buffer buffer, int count) => (_buffer, Count) = (buffer, count);

    internal static JsonItems Empty { get; } = new(new Buffer([]), 0);

    public int Count { get; }

    public JsonValue this[int index] =>
        (uint)index < (uint)Count ? _buffer.Items[index] : throw new ArgumentOutOfRangeException(nameof(index));

    public ReadOnlySpan<JsonValue> AsSpan() => _buffer.Items.AsSpan(0, Count);

    public IEnumerator<JsonValue> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return _buffer.Items[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static JsonItems Of(JsonValue[] owned) => new(new Buffer(owned), owned.Length);

    internal JsonItems Append(JsonValue item)
    {
        if (Count < _buffer.Items.Length && Interlocked.CompareExchange(ref _buffer.Used, Count + 1, Count) == Count)
        {
            _buffer.Items[Count] = item;
            return new(_buffer, Count + 1);
        }
        var grown = new JsonValue[Math.Max(4, Count * 2)];
        AsSpan().CopyTo(grown);
        grown[Count] = item;
        return new(new Buffer(grown) { Used = Count + 1 }, Count + 1);
    }

    internal JsonItems With(int index, JsonValue item)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        var copy = AsSpan().ToArray();
        copy[index] = item;
        return Of(copy);
    }

    internal bool SameAs(JsonItems other)
    {
        if (Count != other.Count) return false;
        for (var i = 0; i < Count; i++)
            if (!this[i].Equals(other[i])) return false;
        return true;
    }

    private sealed class Buffer(JsonValue[] items)
    {
        public readonly JsonValue[] Items = items;
        public int Used = items.Length;
    }
}
