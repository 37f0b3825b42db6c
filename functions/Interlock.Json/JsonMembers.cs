using System.Collections;

namespace Interlock.Json;

/// <summary>
/// The members of an object in insertion order: a prefix of a buffer that objects with more members may share, as in
/// <see cref="JsonItems"/>. Names are compared ordinally; from nine members on they are found through an index.
/// </summary>
public sealed class JsonMembers : IReadOnlyList<KeyValuePair<string, JsonValue>>
{
    private const int ScanLimit = 8;

    private readonly Buffer _buffer;

    private JsonMembers(Buffer buffer, int count) => (_buffer, Count) = (buffer, count);

    internal static JsonMembers Empty { get; } = new(new Buffer([], 0), 0);

    public int Count { get; }

    public IEnumerable<string> Names => this.Select(member => member.Key);

    public KeyValuePair<string, JsonValue> this[int index] =>
        (uint)index < (uint)Count ? _buffer.Items[index] : throw new ArgumentOutOfRangeException(nameof(index));

    public ReadOnlySpan<KeyValuePair<string, JsonValue>> AsSpan() => _buffer.Items.AsSpan(0, Count);

    public JsonValue? Find(string name) => IndexOf(name) is >= 0 and var i ? _buffer.Items[i].Value : null;

    public bool Contains(string name) => IndexOf(name) >= 0;

    public IEnumerator<KeyValuePair<string, JsonValue>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return _buffer.Items[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal int IndexOf(string name)
    {
        if (Count > ScanLimit) return _buffer.IndexOf(name) is var found && found < Count ? found : -1;
        for (var i = 0; i < Count; i++)
            if (_buffer.Items[i].Key == name) return i;
        return -1;
    }

    internal JsonMembers With(string name, JsonValue value)
    {
        var member = KeyValuePair.Create(name, value);
        if (IndexOf(name) is >= 0 and var at)
        {
            var replaced = AsSpan().ToArray();
            replaced[at] = member;
            return new(new Buffer(replaced, Count), Count);
        }
        if (_buffer.TryAppend(Count, member)) return new(_buffer, Count + 1);
        var grown = new KeyValuePair<string, JsonValue>[Math.Max(4, Count * 2)];
        AsSpan().CopyTo(grown);
        grown[Count] = member;
        return new(new Buffer(grown, Count + 1), Count + 1);
    }

    internal JsonMembers Without(string name)
    {
        var kept = this.Where(member => member.Key != name).ToArray();
        return kept.Length == 0 ? Empty : new(new Buffer(kept, kept.Length), kept.Length);
    }

    internal bool SameAs(JsonMembers other)
    {
        if (Count != other.Count) return false;
        foreach (var (name, value) in AsSpan())
            if (other.Find(name) is not { } twin || !twin.Equals(value)) return false;
        return true;
    }

    /// <summary>Append-only storage; the index covers all that is used, so a shorter prefix ignores later places.</summary>
    private sealed class Buffer(KeyValuePair<string, JsonValue>[] items, int used)
    {
        private readonly Lock _lock = new();
        private Dictionary<string, int>? _index;
        private int _used = used;

        public readonly KeyValuePair<string, JsonValue>[] Items = items;

        public int IndexOf(string name)
        {
            lock (_lock)
            {
                _index ??= Build();
                return _index.TryGetValue(name, out var at) ? at : int.MaxValue;
            }
        }

        public bool TryAppend(int count, KeyValuePair<string, JsonValue> member)
        {
            if (count >= Items.Length) return false;
            lock (_lock)
            {
                if (_used != count) return false;
                Items[count] = member;
                _used = count + 1;
                _index?.Add(member.Key, count);
                return true;
            }
        }

        private Dictionary<string, int> Build()
        {
            var index = new Dictionary<string, int>(_used, StringComparer.Ordinal);
            for (var i = 0; i < _used; i++) index.Add(Items[i].Key, i);
            return index;
        }
    }
}
