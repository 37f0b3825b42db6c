using System.Text.Json;
using System.Text.Json.Serialization;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>How states, events and commands are stored: JSON in camel case, absent members for null, enums by name.</summary>
public static class RunJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
        AllowOutOfOrderMetadataProperties = true,
        Converters = { new LogicVersionConverter(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        MaxDepth = 512,
    };

    public static byte[] Serialize<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    /// <summary>The same as a value, for rows that hold a record inside JSON.</summary>
    public static JsonValue ToValue<T>(T value) => StrictJson.ParseLenient(Serialize(value));

    /// <exception cref="JsonException">The value is not a stored <typeparamref name="T"/>.</exception>
    public static T FromValue<T>(JsonValue value) => JsonSerializer.Deserialize<T>(JsonText.WriteUtf8(value), Options) ?? throw new JsonException($"A stored {typeof(T).Name} is null.");

    /// <exception cref="JsonException">The bytes are not a stored <typeparamref name="T"/>.</exception>
    public static T Deserialize<T>(ReadOnlySpan<byte> utf8) =>
        JsonSerializer.Deserialize<T>(utf8, Options) ?? throw new JsonException($"A stored {typeof(T).Name} is null.");
}
