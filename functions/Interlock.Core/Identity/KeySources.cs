namespace Interlock.Core.Identity;

/// <summary>The keys of several sources, the first that knows one first; none is asked for an issuer's key that an earlier one has.</summary>
public sealed class KeySources(params IReadOnlyList<ISigningKeySource> sources) : ISigningKeySource
{
    public async ValueTask<SigningKey?> FindAsync(string issuer, string kid, CancellationToken cancellationToken = default)
    {
        foreach (var source in sources)
            if (await source.FindAsync(issuer, kid, cancellationToken) is { } key) return key;
        return null;
    }
}
