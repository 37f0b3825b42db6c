using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;

namespace Interlock.Functions.Identity;

/// <summary>Who may do what with this app, ready to be served: what <see cref="IdentitySetup"/> makes of the settings. One per process.</summary>
internal sealed class AppIdentity(IReadOnlyList<IDisposable> owned) : IDisposable
{
    public required TenantId Tenant { get; init; }

    public required JwtVerifier McpTokens { get; init; }

    public required JwtVerifier ApiTokens { get; init; }

    /// <summary>Issues the run tokens that <see cref="McpTokens"/> accepts.</summary>
    public required LocalIssuer RunIssuer { get; init; }

    public required SignInMethod SignIn { get; init; }

    public required IDirectory Directory { get; init; }

    public required Mac Mac { get; init; }

    public required Incarnation Incarnation { get; init; }

    /// <summary>Where clients of <c>/mcp</c> get tokens.</summary>
    public IReadOnlyCollection<Uri> AuthorizationServers { get; init; } = [];

    /// <summary>Whether the identities are a developer's, of a folder.</summary>
    public bool IsDevelopment { get; init; }

    public void Dispose()
    {
        foreach (var part in owned) part.Dispose();
    }
}
