using System.Collections.Concurrent;
using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Identity;

namespace Interlock.Tests.Gateway;

/// <summary>People and groups that a test changes as it goes.</summary>
internal sealed class StubDirectory : IDirectory
{
    private readonly ConcurrentDictionary<(TenantId, string), string[]> _people = new();

    public Principal Add(TenantId tenant, string id, params string[] groups)
    {
        _people[(tenant, id)] = groups;
        return new Principal(tenant, id, PrincipalKind.User, id, [.. groups], []);
    }

    public void Remove(TenantId tenant, string id) => _people.TryRemove((tenant, id), out _);

    public ValueTask<Principal?> FindUserAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_people.TryGetValue((tenant, id), out var groups)
            ? new Principal(tenant, id, PrincipalKind.User, id, [.. groups], ImmutableArray<string>.Empty)
            : null);

    public ValueTask<IReadOnlyList<string>> GroupsOfAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IReadOnlyList<string>>(_people.GetValueOrDefault((tenant, id)) ?? []);
}
