using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interlock.Json;

/// <summary>Lets System.Text.Json carry <see cref="JsonValue"/>s inside stored records. For our own records only: what comes from outside goes through <see cref="StrictJson"/>.</summary>
public sealed class JsonValueConverter : JsonConverter<JsonValue>
{
    public override bool HandleNull => true;

    public override JsonValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    public override void Write(Utf8JsonWriter writer, JsonValue value, JsonSerializerOptions options) => Write(writer, value);

    internal static JsonValue Read(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null: return JsonValue.Null;
            case JsonTokenType.True: return JsonValue.True;
            case JsonTokenType.False: return JsonValue.False;
            case JsonTokenType.Number: return JsonValue.From(reader.GetDouble());
            case JsonTokenType.String: return JsonValue.From(reader.GetString()!); // a string token has text
            case JsonTokenType.StartArray:
                var array = JsonValue.EmptyArray;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) array = array.Append(Read(ref reader));
                return array;
            default:
                var result = JsonValue.EmptyObject;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!; // a name token has text
                    reader.Read();
                    result = result.With(name, Read(ref reader));
                }
                return result;
        }
    }

    private static void Write(Utf8JsonWriter writer, JsonValue value)
    {
        switch (value.Kind)
        {
            case JsonKind.Null: writer.WriteNullValue(); break;
            case JsonKind.True: writer.WriteBooleanValue(true); break;
            case JsonKind.False: writer.WriteBooleanValue(false); break;
            case JsonKind.Number: writer.WriteRawValue(JsonText.FormatNumber(value.AsNumber()), skipInputValidation: true); break;
            case JsonKind.String: writer.WriteStringValue(value.AsString()); break;
            case JsonKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.Items.AsSpan()) Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStartObject();
                foreach (var (name, item) in value.Members.AsSpan())
                {
                    writer.WritePropertyName(name);
                    Write(writer, item);
                }
                writer.WriteEndObject();
                break;
        }
    }
}
