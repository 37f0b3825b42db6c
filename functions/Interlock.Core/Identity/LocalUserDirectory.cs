using System.Collections.Frozen;
using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// The embedded host's users and groups, read once from
/// <c>{ tenants: { contoso: { users: { ana: { name, person, roles: […], groups: […], password } }, groups: { sre-leads: [ ana ] } } } }</c>;
/// <c>password</c> is a <see cref="PasswordHash"/>; <c>person</c> is given where one human has several accounts. A person's groups are those of both lists.
/// </summary>
public sealed class LocalUserDirectory : IDirectory
{
    private readonly FrozenDictionary<(TenantId Tenant, string Id), LocalUser> _users;

    private LocalUserDirectory(IEnumerable<KeyValuePair<(TenantId, string), LocalUser>> users) => _users = users.ToFrozenDictionary();

    /// <exception cref="FormatException">The document has another shape; the message says where (a JSON pointer) and what was expected.</exception>
    public static LocalUserDirectory Parse(JsonValue document)
    {
        var users = new List<KeyValuePair<(TenantId, string), LocalUser>>();
        foreach (var (tenant, content) in Members(Only(document, "", "tenants")["tenants"], "/tenants"))
        {
            var pointer = JsonPointer.Append("/tenants", tenant);
            foreach (var user in ReadTenant(content, pointer)) users.Add(new((new TenantId(tenant), user.Id), user));
        }
        return new(users);
    }

    public LocalUser? Find(TenantId tenant, string id) => _users.GetValueOrDefault((tenant, id));

    /// <summary>The members of a group, by id.</summary>
    public IReadOnlyList<LocalUser> MembersOf(TenantId tenant, string group) =>
        [.. _users.Where(entry => entry.Key.Tenant == tenant && entry.Value.Groups.Contains(group)).Select(entry => entry.Value).OrderBy(user => user.Id, StringComparer.Ordinal)];

    public ValueTask<Principal?> FindUserAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Find(tenant, id)?.ToPrincipal(tenant));

    public ValueTask<IReadOnlyList<string>> GroupsOfAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IReadOnlyList<string>>(Find(tenant, id)?.Groups ?? []);

    /// <summary>Whether some user is in it.</summary>
    public ValueTask<bool> GroupExistsAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_users.Any(entry => entry.Key.Tenant == tenant && entry.Value.Groups.Contains(id)));

    private static List<LocalUser> ReadTenant(JsonValue tenant, string pointer)
    {
        Only(tenant, pointer, "users", "groups");
        var groupsPointer = pointer + "/groups";
        var groups = tenant["groups"] is { } given
            ? Members(given, groupsPointer).ToDictionary(group => group.Key, group => Strings(group.Value, JsonPointer.Append(groupsPointer, group.Key)))
            : [];
        var users = new List<LocalUser>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (id, user) in Members(tenant["users"], pointer + "/users"))
        {
            var at = JsonPointer.Append(pointer + "/users", id);
            if (!seen.Add(id)) throw new FormatException($"{at}: another user has this id in other letter case; ids must differ by more.");
            users.Add(ReadUser(id, user, groups, at));
        }
        foreach (var (group, members) in groups)
            foreach (var member in members.Where(member => !users.Exists(user => user.Id == member)))
                throw new FormatException($"{JsonPointer.Append(groupsPointer, group)}: there is no user '{member}' in this tenant.");
        return users;
    }

    private static LocalUser ReadUser(string id, JsonValue user, Dictionary<string, ImmutableArray<string>> groups, string pointer)
    {
        Only(user, pointer, "name", "person", "roles", "groups", "password");
        var roles = Strings(user["roles"], pointer + "/roles");
        if (roles.FirstOrDefault(role => !Identity.Roles.OfPeople.Contains(role)) is { } unknown)
            throw new FormatException($"{pointer}/roles: '{unknown}' is no role; roles are {string.Join(", ", Identity.Roles.OfPeople.Order(StringComparer.Ordinal))}.");
        var own = Strings(user["groups"], pointer + "/groups");
        var all = own.Concat(groups.Where(group => group.Value.Contains(id)).Select(group => group.Key));
        return new(id, Text(user["name"], pointer + "/name") ?? id, [.. all.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], roles,
            Text(user["password"], pointer + "/password") is { } hash ? Hash(hash, pointer + "/password") : null)
        {
            Person = Text(user["person"], pointer + "/person"),
        };
    }

    private static PasswordHash Hash(string text, string pointer)
    {
        try
        {
            return PasswordHash.Parse(text);
        }
        catch (FormatException e)
        {
            throw new FormatException($"{pointer}: {e.Message}");
        }
    }

    private static JsonValue Only(JsonValue value, string pointer, params ReadOnlySpan<string> names)
    {
        foreach (var (name, _) in Members(value, pointer))
            if (!names.Contains(name)) throw new FormatException($"{JsonPointer.Append(pointer, name)}: unknown; expected {string.Join(", ", names)}.");
        return value;
    }

    private static JsonMembers Members(JsonValue? value, string pointer) =>
        value is { IsObject: true } ? value.Members : throw new FormatException($"{pointer}: an object was expected.");

    private static string? Text(JsonValue? value, string pointer) =>
        value is null ? null : value.StringOrNull() ?? throw new FormatException($"{pointer}: a string was expected.");

    private static ImmutableArray<string> Strings(JsonValue? value, string pointer) =>
        VerifiedToken.Strings(value) ?? throw new FormatException($"{pointer}: a list of strings was expected.");
}
