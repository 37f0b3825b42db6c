using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Interlock.Json;

/// <summary>Compact JSON as UTF-8, written where it is needed, without the text in between. The same value as <see cref="JsonText.Write(JsonValue, bool)"/> writes.</summary>
public static class JsonBytes
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = StrictJson.MaxDepth * 2 };

    /// <summary>A writer whose text no page takes for markup: for answers with a content type of their own only.</summary>
    public static Utf8JsonWriter Writer(IBufferWriter<byte> output) => new(output, Options);

    public static void Write(Utf8JsonWriter writer, JsonValue value)
    {
        switch (value.Kind)
        {
            case JsonKind.Null: writer.WriteNullValue(); break;
            case JsonKind.True: writer.WriteBooleanValue(true); break;
            case JsonKind.False: writer.WriteBooleanValue(false); break;
            case JsonKind.Number: writer.WriteRawValue(value.Literal ?? JsonText.FormatNumber(value.AsNumber()), skipInputValidation: true); break;
            case JsonKind.String: writer.WriteStringValue(value.AsString()); break;
            case JsonKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.Items.AsSpan()) Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStartObject();
                WriteMembers(writer, value);
                writer.WriteEndObject();
                break;
        }
    }

    /// <summary>The members of an object, into one that is being written.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, JsonValue value)
    {
        foreach (var (name, item) in value.Members.AsSpan())
        {
            writer.WritePropertyName(name);
            Write(writer, item);
        }
    }
}
