namespace Interlock.Core.Audit.Checkpoints;

/// <summary>Signs checkpoints with a private key that the store's keeper need not have: one in a file, or one that never leaves a key vault.</summary>
public interface ICheckpointSigner
{
    /// <summary>Which key it is, as verifiers know its public half.</summary>
    string Kid { get; }

    /// <summary>The ES256 signature of the data, 64 bytes (RFC 7518 §3.4).</summary>
    Task<byte[]> SignAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default);
}
