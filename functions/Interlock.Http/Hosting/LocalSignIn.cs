using Interlock.Core;
using Interlock.Core.Identity;

namespace Interlock.Http.Hosting;

/// <summary>
/// Sign-in by the passwords of a local directory. At most two passwords are hashed at a time: hashing is slow on purpose.
/// </summary>
public sealed class LocalSignIn(LocalUserDirectory directory, IReadOnlyDictionary<TenantId, IReadOnlyList<string>>? shown = null) : IPasswordSignIn, IDisposable
{
    private readonly PasswordHash _nobody = PasswordHash.Create(Guid.NewGuid().ToString());
    private readonly SemaphoreSlim _hashing = new(2);

    public async ValueTask<Principal?> CheckAsync(TenantId tenant, string user, string password, CancellationToken cancellationToken = default)
    {
        var known = directory.Find(tenant, user);
        await _hashing.WaitAsync(cancellationToken);
        try
        {
            var matches = await Task.Run(() => (known?.PasswordHash ?? _nobody).Verify(password), cancellationToken);
            return matches && known is { PasswordHash: not null } ? known.ToPrincipal(tenant) : null;
        }
        finally
        {
            _hashing.Release();
        }
    }

    public IReadOnlyList<(string Id, string Name)> Known(TenantId tenant) => shown?.GetValueOrDefault(tenant) is not { } ids
        ? []
        : [.. ids.Select(id => directory.Find(tenant, id)).OfType<LocalUser>().Select(user => (user.Id, user.DisplayName))];

    public void Dispose() => _hashing.Dispose();
}
