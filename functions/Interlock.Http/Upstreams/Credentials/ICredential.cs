namespace Interlock.Http.Upstreams.Credentials;

/// <summary>How one registration authenticates. What it gives is put on one request and forgotten.</summary>
internal interface ICredential
{
    /// <summary>Whether a 401 may mean that what was given is outdated, so that asking again can help.</summary>
    bool CanRenew { get; }

    /// <summary>The header of a request.</summary>
    /// <param name="caller">The caller's own token, to be exchanged and never sent on; null where nobody waits.</param>
    /// <param name="refused">The value that was answered with 401 just now, if any: another one is wanted.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <exception cref="CredentialException">There is none; it says at which step.</exception>
    Task<CredentialHeader> HeaderAsync(string? caller, string? refused, CancellationToken ct);
}

internal readonly record struct CredentialHeader(string Name, string Value);
