using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;

namespace Interlock.Local.Hosting;

/// <summary>Sign-in with the passwords of <c>users.json</c>.</summary>
internal sealed class LocalSignIn(LocalUserDirectory users, bool namesUsers) : ISignIn
{
    /// <summary>Verified for unknown users, so that they take as long as known ones.</summary>
    private static readonly PasswordHash Nobody = PasswordHash.Create(Guid.NewGuid().ToString());

    public ValueTask<Principal?> CheckAsync(TenantId tenant, string user, string password, CancellationToken cancellationToken = default)
    {
        var found = users.Find(tenant, user);
        var matches = (found?.PasswordHash ?? Nobody).Verify(password);
        return ValueTask.FromResult(matches && found?.PasswordHash is not null ? found.ToPrincipal(tenant) : null);
    }

    public IReadOnlyList<(string Id, string Name)> Known(TenantId tenant) =>
        namesUsers ? [.. users.All(tenant).Select(user => (user.Id, user.DisplayName))] : [];
}
