namespace Interlock.Core.Audit.Checkpoints;

/// <summary>Signs checkpoints with a private key that the store's keeper need not have: one in a file, or one that never leaves a key vault.</summary>
public interface ICheckpointSigner
{
    /// <exception cref="IOException">It can't be signed now; whoever asked tries again.</exception>
    Task<CheckpointSignature> SignAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default);
}

/// <param name="Kid">Which key it was, as verifiers know its public half.</param>
/// <param name="Value">The ES256 signature, 64 bytes (RFC 7518 §3.4).</param>
public sealed record CheckpointSignature(string Kid, ReadOnlyMemory<byte> Value);
