using System.Text.Json;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>Settings from the JSON that an operator writes.</summary>
public static class SettingsReader
{
    /// <summary>The settings, or what is wrong with them; its pointer is into the JSON, below the one given.</summary>
    public static (ServerSettings? Settings, Problem? Refusal) Read(JsonValue json, string pointer)
    {
        if (SettingsSchema.Compiled.Validate(json) is [var first, ..]) return (null, SettingsCheck.Invalid(pointer + first.InstanceLocation, first.Message));
        try
        {
            return (RunJson.FromValue<ServerSettings>(json), null);
        }
        catch (JsonException)
        {
            return (null, SettingsCheck.Invalid(pointer, "An address in the settings is no URL."));
        }
    }
}
