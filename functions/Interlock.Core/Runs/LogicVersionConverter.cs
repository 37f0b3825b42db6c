using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interlock.Core.Runs;

/// <summary><c>v1</c>, <c>v2</c>, …: also versions that this program does not know, so that it can tell a run that a newer one must go on with.</summary>
internal sealed class LogicVersionConverter : JsonConverter<LogicVersion>
{
    public override LogicVersion Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && reader.GetString() is ['v', .. var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
            ? (LogicVersion)version
            : throw new JsonException("A logic version is 'v' and a number.");

    public override void Write(Utf8JsonWriter writer, LogicVersion value, JsonSerializerOptions options) => writer.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"v{(int)value}"));
}
