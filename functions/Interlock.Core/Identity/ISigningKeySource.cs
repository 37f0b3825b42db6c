namespace Interlock.Core.Identity;

/// <summary>
/// The public keys of trusted issuers. The source pins issuers to where their keys come from, caches them and bounds how often an
/// unknown <c>kid</c> makes it look again; a key it cannot obtain is null, never a guess.
/// </summary>
public interface ISigningKeySource
{
    ValueTask<SigningKey?> FindAsync(string issuer, string kid, CancellationToken cancellationToken = default);
}
