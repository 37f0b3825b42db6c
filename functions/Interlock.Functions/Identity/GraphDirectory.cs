using System.Collections.Frozen;
using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Functions.Identity;

/// <summary>
/// One tenant's people as Entra knows them, at most a minute old. Groups are transitive; roles are the app roles that the person, or a group the person is a
/// direct member of, is assigned at the application of <c>/api</c>: what Entra puts into a token's <c>roles</c>. Who is disabled is unknown;
/// guests have groups but are no users here unless allowed. Accounts with one <c>employeeId</c> are one human's. Failures are exceptions, never an empty answer.
/// </summary>
internal sealed class GraphDirectory(GraphClient graph, TenantId tenant, Guid apiApplication, TimeProvider time, bool allowGuests = false) : IDirectory
{
    private const int Capacity = 10_000;
    private const string GroupType = "#microsoft.graph.group";

    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RolesLife = TimeSpan.FromMinutes(5);

    private readonly BriefCache<Account?> _accounts = new(Life, Capacity, time);
    private readonly BriefCache<ImmutableArray<string>> _groups = new(Life, Capacity, time);
    private readonly BriefCache<ImmutableArray<string>> _roles = new(Life, Capacity, time);
    private readonly BriefCache<Application> _applications = new(RolesLife, 1, time);

    public async ValueTask<Principal?> FindUserAsync(TenantId tenant, string id, CancellationToken cancellationToken = default)
    {
        if (await AccountAsync(tenant, id, cancellationToken) is not { } account || (account.IsGuest && !allowGuests)) return null;
        var groups = await _groups.GetAsync(id, ReadGroupsAsync, cancellationToken);
        var roles = await _roles.GetAsync(id, ReadRolesAsync, cancellationToken);
        return new Principal(tenant, id, PrincipalKind.User, account.DisplayName, groups, roles) { Person = account.Person };
    }

    public async ValueTask<IReadOnlyList<string>> GroupsOfAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        await AccountAsync(tenant, id, cancellationToken) is null ? [] : await _groups.GetAsync(id, ReadGroupsAsync, cancellationToken);

    public async ValueTask<bool> GroupExistsAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        IsOurs(tenant) && IsObjectId(id) && await graph.GetAsync($"groups/{id}?$select=id", cancellationToken) is not null;

    /// <summary>The enabled account of that object id; what is no object id of this tenant never reaches an address.</summary>
    private async ValueTask<Account?> AccountAsync(TenantId of, string id, CancellationToken cancellationToken) =>
        IsOurs(of) && IsObjectId(id) ? await _accounts.GetAsync(id, ReadAccountAsync, cancellationToken) : null;

    private bool IsOurs(TenantId of) => of == tenant;

    private async Task<Account?> ReadAccountAsync(string id, CancellationToken cancellationToken)
    {
        if (await graph.GetAsync($"users/{id}?$select=id,displayName,accountEnabled,userType,employeeId", cancellationToken) is not { } user) return null;
        if (user["id"]?.StringOrNull() != id) throw new InvalidDataException("Graph answered another user than was asked for.");
        if (user["accountEnabled"]?.Kind != JsonKind.True) return null;
        return new Account(user["displayName"]?.StringOrNull() ?? id, user["userType"]?.StringOrNull() != "Member", user["employeeId"]?.StringOrNull() is { Length: > 0 } employee ? "employee:" + employee : null);
    }

    private async Task<ImmutableArray<string>> ReadGroupsAsync(string id, CancellationToken cancellationToken)
    {
        // Without a cast to groups: that would read an index which lags behind.
        var memberships = await graph.ListAsync($"users/{id}/transitiveMemberOf?$select=id&$top=999", cancellationToken) ?? [];
        return [.. memberships.Where(membership => Text(membership, "@odata.type") == GroupType).Select(group => Text(group, "id")).Order(StringComparer.Ordinal)];
    }

    private async Task<ImmutableArray<string>> ReadRolesAsync(string id, CancellationToken cancellationToken)
    {
        var application = await _applications.GetAsync("", ReadApplicationAsync, cancellationToken);
        var path = $"users/{id}/appRoleAssignments?$filter=resourceId%20eq%20{application.ServicePrincipal}";
        var assignments = await graph.ListAsync(path, cancellationToken) ?? [];
        return
        [
            .. assignments.Where(assignment => Text(assignment, "resourceId") == application.ServicePrincipal)
                .Select(assignment => application.Roles.GetValueOrDefault(Text(assignment, "appRoleId"))).OfType<string>()
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
    }

    private async Task<Application> ReadApplicationAsync(string key, CancellationToken cancellationToken)
    {
        var found = await graph.GetAsync($"servicePrincipals(appId='{apiApplication:D}')?$select=id,appRoles", cancellationToken)
            ?? throw new InvalidDataException($"The application {apiApplication:D} of /api has no service principal in the tenant; create it (an enterprise application), so that roles can be assigned.");
        if (found["appRoles"] is not { IsArray: true } roles || !IsObjectId(Text(found, "id"))) throw new InvalidDataException("Graph's service principal lacks its id or roles.");
        var named = roles.Items.Where(role => role["isEnabled"]?.Kind == JsonKind.True && role["value"]?.StringOrNull() is { } value && Roles.OfPeople.Contains(value));
        return new Application(Text(found, "id"), named.ToFrozenDictionary(role => Text(role, "id"), role => Text(role, "value"), StringComparer.Ordinal));
    }

    private static string Text(JsonValue item, string name) =>
        item[name]?.StringOrNull() ?? throw new InvalidDataException($"An object of Graph's lacks its {name}.");

    /// <summary>In the one spelling that tokens use: two spellings would be two people.</summary>
    private static bool IsObjectId(string id) => Guid.TryParseExact(id, "D", out var parsed) && parsed.ToString("D") == id;

    private sealed record Account(string DisplayName, bool IsGuest, string? Person);

    private sealed record Application(string ServicePrincipal, FrozenDictionary<string, string> Roles);
}
