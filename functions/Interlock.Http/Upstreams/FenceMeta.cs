using System.Text.Json;
using Interlock.Core.Gateway;

namespace Interlock.Http.Upstreams;

/// <summary>How the locks that a call is made under are told: an object from each lock's name to the number of its grant.</summary>
internal static class FenceMeta
{
    private const string Member = "interlock/fence";

    public static void Write(Utf8JsonWriter json, UpstreamCall call)
    {
        if (call.Locks.Count == 0) return;
        json.WriteStartObject(Member);
        foreach (var held in call.Locks) json.WriteNumber(held.Name, held.Fence);
        json.WriteEndObject();
    }
}
