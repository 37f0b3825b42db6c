using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Interlock.Json;

/// <summary>
/// An immutable JSON value. Objects keep the order in which members were added; equality ignores it.
/// Numbers are IEEE doubles; a number read leniently whose text the double would change keeps its <see cref="Literal"/>.
/// Appending to an array or adding a member is amortised O(1); every other change copies one level.
/// </summary>
[JsonConverter(typeof(JsonValueConverter))]
public sealed class JsonValue : IEquatable<JsonValue>
{
    private const long ScalarSize = 8;
    private const long MostSize = long.MaxValue / 8;
    private const long MemberMarks = 4;

    private readonly double _number;
    private readonly object? _data;

    private JsonValue(JsonKind kind, double number = 0, object? data = null, int nesting = 0, long size = ScalarSize) =>
        (Kind, _number, _data, Nesting, Size) = (kind, number, data, nesting, Math.Min(size, MostSize));

    public static JsonValue Null { get; } = new(JsonKind.Null);
    public static JsonValue True { get; } = new(JsonKind.True);
    public static JsonValue False { get; } = new(JsonKind.False);
    public static JsonValue EmptyString { get; } = new(JsonKind.String, data: "", size: 2);
    public static JsonValue EmptyArray { get; } = new(JsonKind.Array, data: JsonItems.Empty, nesting: 1, size: 2);
    public static JsonValue EmptyObject { get; } = new(JsonKind.Object, data: JsonMembers.Empty, nesting: 1, size: 2);

    public JsonKind Kind { get; }

    /// <summary>How many arrays and objects stand inside one another here: 0 for a scalar. After a replacement or removal it may be more than there are.</summary>
    public int Nesting { get; }

    /// <summary>About how many characters the value has as compact JSON, counting what is shared as often as it would be written; once past counting, for good.</summary>
    public long Size { get; }

    /// <summary>Everything but null and false.</summary>
    internal bool IsTruthy => Kind is not (JsonKind.Null or JsonKind.False);

    public bool IsNull => Kind == JsonKind.Null;
    public bool IsBoolean => Kind is JsonKind.True or JsonKind.False;
    public bool IsNumber => Kind == JsonKind.Number;
    public bool IsString => Kind == JsonKind.String;
    public bool IsArray => Kind == JsonKind.Array;
    public bool IsObject => Kind == JsonKind.Object;

    /// <summary>The source text of a number that its double does not reproduce (lenient reading only), else null.</summary>
    public string? Literal => IsNumber ? (string?)_data : null;

    /// <summary>The number of items, members or UTF-16 units; 0 for every other kind.</summary>
    public int Count => _data switch
    {
        JsonItems items => items.Count,
        JsonMembers members => members.Count,
        string text when IsString => text.Length,
        _ => 0,
    };

    /// <summary>The items of an array; of any other kind an <see cref="InvalidOperationException"/>.</summary>
    public JsonItems Items => _data as JsonItems ?? throw Not("an array");

    /// <summary>The members of an object in insertion order; of any other kind an <see cref="InvalidOperationException"/>.</summary>
    public JsonMembers Members => _data as JsonMembers ?? throw Not("an object");

    /// <summary>The member of that name, or null when this is no object or has no such member.</summary>
    public JsonValue? this[string name] => _data is JsonMembers members ? members.Find(name) : null;

    /// <summary>The item at that index, or null when this is no array or the index is outside it.</summary>
    public JsonValue? this[int index] => _data is JsonItems items && (uint)index < (uint)items.Count ? items[index] : null;

    /// <summary>An array that is not the same as any other, where a program can tell.</summary>
    internal static JsonValue NewEmptyArray() => new(JsonKind.Array, data: JsonItems.Empty, nesting: 1, size: 2);

    /// <inheritdoc cref="NewEmptyArray"/>
    internal static JsonValue NewEmptyObject() => new(JsonKind.Object, data: JsonMembers.Empty, nesting: 1, size: 2);

    public static JsonValue From(string value) => new(JsonKind.String, data: value, size: value.Length + 2);

    public static JsonValue From(bool value) => value ? True : False;

    public static JsonValue From(double value) => new(JsonKind.Number, value);

    /// <summary>A number whose source text is kept beside the double it rounds to.</summary>
    public static JsonValue FromLiteral(double value, string literal) => new(JsonKind.Number, value, literal);

    public static JsonValue Array(params ReadOnlySpan<JsonValue> items) =>
        items.IsEmpty ? EmptyArray : new(JsonKind.Array, data: JsonItems.Of(items.ToArray()), nesting: Around(items), size: SizeOf(items));

    public static JsonValue Array(IEnumerable<JsonValue> items)
    {
        var copy = items.ToArray();
        return copy.Length == 0 ? EmptyArray : new(JsonKind.Array, data: JsonItems.Of(copy), nesting: Around(copy), size: SizeOf(copy));
    }

    /// <summary>An object of these members; of a repeated name the last value stands, at the first one's place.</summary>
    public static JsonValue Object(params ReadOnlySpan<(string Name, JsonValue Value)> members)
    {
        var result = EmptyObject;
        foreach (var (name, value) in members) result = result.With(name, value);
        return result;
    }

    /// <inheritdoc cref="Object(ReadOnlySpan{ValueTuple{string, JsonValue}})"/>
    public static JsonValue Object(IEnumerable<KeyValuePair<string, JsonValue>> members)
    {
        var result = EmptyObject;
        foreach (var (name, value) in members) result = result.With(name, value);
        return result;
    }

    public bool AsBoolean() => Kind switch { JsonKind.True => true, JsonKind.False => false, _ => throw Not("a boolean") };

    public double AsNumber() => IsNumber ? _number : throw Not("a number");

    public string AsString() => IsString ? (string)_data! /* strings carry their text */ : throw Not("a string");

    /// <summary>The text when this is a string, else null.</summary>
    public string? StringOrNull() => IsString ? (string?)_data : null;

    /// <summary>This object with one member set; a new member goes last.</summary>
    public JsonValue With(string name, JsonValue value) =>
        new(JsonKind.Object, data: Members.With(name, value), nesting: Around(value), size: Resized(name.Length + MemberMarks + value.Size - SizeOf(name)));

    /// <summary>This object without that member.</summary>
    public JsonValue Without(string name) =>
        Members.IndexOf(name) < 0 ? this : new(JsonKind.Object, data: Members.Without(name), nesting: Nesting, size: Resized(-SizeOf(name)));

    /// <summary>This array with one more item at its end.</summary>
    public JsonValue Append(JsonValue item) => new(JsonKind.Array, data: Items.Append(item), nesting: Around(item), size: Size + item.Size + 1);

    /// <summary>This array with the item at an existing index replaced.</summary>
    public JsonValue WithItem(int index, JsonValue item) => new(JsonKind.Array, data: Items.With(index, item), nesting: Around(item), size: Resized(item.Size - Items[index].Size));

    public bool Equals([NotNullWhen(true)] JsonValue? other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is null || other.Kind != Kind) return false;
        return Kind switch
        {
            JsonKind.Number => _number.Equals(other._number) || _number == other._number,
            JsonKind.String => (string)_data! == (string)other._data!, // strings carry their text
            JsonKind.Array => Items.SameAs(other.Items),
            JsonKind.Object => Members.SameAs(other.Members),
            _ => true,
        };
    }

    public override bool Equals(object? obj) => Equals(obj as JsonValue);

    public override int GetHashCode() => Kind switch
    {
        JsonKind.Number => (_number == 0 ? 0d : _number).GetHashCode(),
        JsonKind.String => string.GetHashCode((string)_data!, StringComparison.Ordinal), // strings carry their text
        JsonKind.Array => HashCode.Combine(Kind, Count, Count > 0 ? Items[0] : null),
        JsonKind.Object => HashCode.Combine(Kind, Count),
        _ => (int)Kind,
    };

    /// <summary>Compact JSON, members in their order.</summary>
    public override string ToString() => JsonText.Write(this);

    public static bool operator ==(JsonValue? left, JsonValue? right) => left is null ? right is null : left.Equals(right);

    public static bool operator !=(JsonValue? left, JsonValue? right) => !(left == right);

    public static implicit operator JsonValue(string value) => From(value);

    public static implicit operator JsonValue(bool value) => From(value);

    public static implicit operator JsonValue(double value) => From(value);

    private int Around(JsonValue part) => Math.Max(Nesting, part.Nesting + 1);

    private static int Around(ReadOnlySpan<JsonValue> parts)
    {
        var inner = 0;
        foreach (var part in parts) inner = Math.Max(inner, part.Nesting);
        return inner + 1;
    }

    /// <summary>The size after a change of a part. What was too large to count stays so: nobody knows what else it holds.</summary>
    private long Resized(long change) => Size == MostSize ? MostSize : Size + change;

    /// <summary>What a member of that name takes of <see cref="Size"/>; 0 when there is none.</summary>
    private long SizeOf(string name) => this[name] is { } value ? name.Length + MemberMarks + value.Size : 0;

    private static long SizeOf(ReadOnlySpan<JsonValue> items)
    {
        var size = 2L;
        foreach (var item in items) size = Math.Min(MostSize, size + item.Size + 1);
        return size;
    }

    private InvalidOperationException Not(string wanted) => new($"The JSON value is not {wanted} but of kind {Kind}.");
}
