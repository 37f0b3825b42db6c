using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace Interlock.Json;

/// <summary>Writes compact JSON as UTF-8 into a rented buffer, which disposing gives back: the same text as <see cref="JsonText"/>.</summary>
internal struct Utf8Text : IDisposable
{
    private const double MostExact = 1e15;

    private static readonly SearchValues<char> Escaped = SearchValues.Create("\"\\\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f");

    private readonly bool _sorted;
    private byte[] _buffer;
    private int _count;

    /// <param name="value">What to write.</param>
    /// <param name="sorted">Whether members are sorted by UTF-16 units; else they keep their order.</param>
    public Utf8Text(JsonValue value, bool sorted)
    {
        _sorted = sorted;
        _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(value.Size + 64, 256, 1 << 20));
        Write(value);
    }

    public readonly ReadOnlySpan<byte> Span => _buffer.AsSpan(0, _count);

    /// <summary>Whether a string held half a surrogate pair, in whose place U+FFFD stands.</summary>
    public bool IsMended { get; private set; }

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private void Write(JsonValue value)
    {
        switch (value.Kind)
        {
            case JsonKind.Null: Raw("null"u8); break;
            case JsonKind.True: Raw("true"u8); break;
            case JsonKind.False: Raw("false"u8); break;
            case JsonKind.Number: Number(value); break;
            case JsonKind.String: String(value.AsString()); break;
            case JsonKind.Array: Items(value.Items); break;
            default: Members(value.Members); break;
        }
    }

    private void Items(JsonItems items)
    {
        Raw("["u8);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) Raw(","u8);
            Write(items[i]);
        }
        Raw("]"u8);
    }

    private void Members(JsonMembers members)
    {
        Raw("{"u8);
        var first = true;
        foreach (var (name, item) in _sorted ? JsonText.InOrder(members) : members.AsSpan())
        {
            if (!first) Raw(","u8);
            first = false;
            String(name);
            Raw(":"u8);
            Write(item);
        }
        Raw("}"u8);
    }

    private void Number(JsonValue value)
    {
        if (value.Literal is null && value.AsNumber() is var number && Math.Abs(number) < MostExact && Math.Floor(number) == number)
        {
            Reserve(32);
            Utf8Formatter.TryFormat((long)number, _buffer.AsSpan(_count), out var written); // there is room
            _count += written;
            return;
        }
        Raw(Encoding.ASCII.GetBytes(value.Literal ?? JsonText.FormatNumber(value.AsNumber())));
    }

    private void String(string text)
    {
        Raw("\""u8);
        var rest = text.AsSpan();
        while (rest.IndexOfAny(Escaped) is >= 0 and var at)
        {
            Plain(rest[..at]);
            Escape(rest[at]);
            rest = rest[(at + 1)..];
        }
        Plain(rest);
        Raw("\""u8);
    }

    private void Plain(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return;
        Reserve(text.Length * 3);
        var status = Utf8.FromUtf16(text, _buffer.AsSpan(_count), out var read, out var written, replaceInvalidSequences: false);
        _count += written;
        if (status == OperationStatus.Done) return;
        IsMended = true;
        Utf8.FromUtf16(text[read..], _buffer.AsSpan(_count), out _, out written);
        _count += written;
    }

    private void Escape(char c)
    {
        switch (c)
        {
            case '"': Raw("\\\""u8); break;
            case '\\': Raw("\\\\"u8); break;
            case '\b': Raw("\\b"u8); break;
            case '\t': Raw("\\t"u8); break;
            case '\n': Raw("\\n"u8); break;
            case '\f': Raw("\\f"u8); break;
            case '\r': Raw("\\r"u8); break;
            default:
                Raw("\\u00"u8);
                Raw([Hex(c >> 4), Hex(c & 15)]);
                break;
        }
    }

    private static byte Hex(int digit) => (byte)(digit < 10 ? '0' + digit : 'a' + digit - 10);

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_count));
        _count += bytes.Length;
    }

    private void Reserve(int more)
    {
        if (_count + more <= _buffer.Length) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _count + more));
        _buffer.AsSpan(0, _count).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
