using System.Security.Cryptography;
using System.Text;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>Derives effect ids: the first 16 bytes of SHA-256 over run, frame and purpose, NUL-separated, as 32 hex digits.</summary>
public static class EffectIds
{
    public static EffectId Of(RunId run, FrameId frame, string purpose) =>
        new(Convert.ToHexStringLower(Hash(run, frame, purpose).AsSpan(0, 16)));

    /// <summary>The one call that a client makes under an approval of its own, however often it asks for it.</summary>
    public static EffectId OfGrant(GateId gate) =>
        new(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"grant\0{gate.Value}")).AsSpan(0, 16)));

    /// <summary>An event's identity, its source and id, in the same form.</summary>
    internal static string OfEvent(JsonValue happened) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"event\0{happened["source"]?.StringOrNull()}\0{happened["id"]?.StringOrNull()}")).AsSpan(0, 16));

    /// <summary>A number in [0, 1) that the same run, frame and purpose always give: the interpreter's only source of jitter.</summary>
    internal static double Fraction(RunId run, FrameId frame, string purpose) =>
        BitConverter.ToUInt32(Hash(run, frame, purpose), 0) / (uint.MaxValue + 1d);

    private static byte[] Hash(RunId run, FrameId frame, string purpose) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{run.Value}\0{frame.Value}\0{purpose}"));
}
