using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Identity;

namespace Interlock.Tests.Gateway;

/// <summary>People and groups that a test changes as it goes.</summary>
internal sealed class StubDirectory : IDirectory
{
    private readonly ConcurrentDictionary<(TenantId, string), Principal> _people = new();

    public Principal Add(TenantId tenant, string id, params string[] groups) =>
        Add(new Principal(tenant, id, PrincipalKind.User, id, [.. groups], []));

    public Principal Add(Principal person) => _people[(person.Tenant, person.Id)] = person;

    public void Remove(TenantId tenant, string id) => _people.TryRemove((tenant, id), out _);

    public ValueTask<Principal?> FindUserAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_people.GetValueOrDefault((tenant, id)));

    public ValueTask<IReadOnlyList<string>> GroupsOfAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IReadOnlyList<string>>(_people.TryGetValue((tenant, id), out var person) ? person.Groups : []);

    public ValueTask<bool> GroupExistsAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_people.Any(entry => entry.Key.Item1 == tenant && entry.Value.Groups.Contains(id)));
}
