using System.Security.Cryptography;

namespace Interlock.Core.Audit.Checkpoints;

/// <summary>The Merkle tree hash of RFC 9162 §2.1.1 over SHA-256: leaves and nodes are hashed under different prefixes, so that no node passes for a leaf.</summary>
internal static class MerkleTree
{
    /// <summary>The root of the leaves in their order; of none, the hash of nothing.</summary>
    public static byte[] Root(ReadOnlySpan<byte[]> leaves) => leaves.Length switch
    {
        0 => SHA256.HashData([]),
        1 => SHA256.HashData([0, .. leaves[0]]),
        _ => Node(leaves, Split(leaves.Length)),
    };

    private static byte[] Node(ReadOnlySpan<byte[]> leaves, int split) => SHA256.HashData([1, .. Root(leaves[..split]), .. Root(leaves[split..])]);

    /// <summary>The largest power of two below the count.</summary>
    private static int Split(int count)
    {
        var split = 1;
        while (split * 2 < count) split *= 2;
        return split;
    }
}
