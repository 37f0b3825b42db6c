using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Interlock.Core.Gateway.Routing;

/// <summary>
/// Weighted rendezvous hashing: of each key the same candidate as long as it is there, shares by weight, and when a candidate comes, goes or changes its weight only
/// the keys move that it wins or loses. The score of a weight w is −w/ln(u), u in (0, 1) being the hash of key and candidate.
/// </summary>
internal static class Rendezvous
{
    public static double Score(string seed, string key, string candidate, int weight)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}\n{key}\n{candidate}"));
        var u = ((BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) + 0.5) / (1L << 53); // 53 bits, never 0 or 1
        return -weight / Math.Log(u);
    }
}
