using Interlock.Core;
using Interlock.Core.Identity;

namespace Interlock.Http.Hosting;

/// <summary>Checks who signs in at the pages with a password.</summary>
public interface IPasswordSignIn
{
    /// <summary>The person, or null; takes as long for an unknown user as for a wrong password.</summary>
    ValueTask<Principal?> CheckAsync(TenantId tenant, string user, string password, CancellationToken cancellationToken = default);

    /// <summary>People whom the form may name to anybody who opens it: empty except in demonstrations.</summary>
    IReadOnlyList<(string Id, string Name)> Known(TenantId tenant);
}
