using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>The users of the data directory's <c>users.json</c>, in the shape that <see cref="LocalUserDirectory"/> reads.</summary>
public static class LocalUsers
{
    /// <summary>The tenant that users written here belong to.</summary>
    public const string Tenant = "local";

    /// <summary>The users as the file has them; nobody without a file.</summary>
    /// <exception cref="InvalidDataException">The file is not in that shape; the message says where.</exception>
    public static LocalUserDirectory Load(string dataDirectory)
    {
        var path = FileOf(dataDirectory);
        if (!File.Exists(path)) return LocalUserDirectory.Parse(Document([]));
        try
        {
            return LocalUserDirectory.Parse(StrictJson.Parse(File.ReadAllBytes(path)));
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    public static bool Exist(string dataDirectory) => File.Exists(FileOf(dataDirectory));

    /// <summary>Writes the users, each with the password given; only the hashes are kept.</summary>
    public static void Write(string dataDirectory, IEnumerable<NewUser> users) => OwnerFile.Write(FileOf(dataDirectory), CanonicalJson.Serialize(Document(users)));

    /// <summary>Writes one more user; false when the name is taken.</summary>
    /// <exception cref="InvalidDataException">The file, or the user, is not in the shape; the message says where.</exception>
    public static bool Add(string dataDirectory, NewUser user)
    {
        if (Load(dataDirectory).Find(new TenantId(Tenant), user.Id) is not null) return false;
        var path = FileOf(dataDirectory);
        var document = OwnerFile.Read(path) is { } bytes ? StrictJson.Parse(bytes) : Document([]);
        var tenants = document["tenants"]!; // it was read
        var tenant = tenants[Tenant] ?? Document([])["tenants"]![Tenant]!;
        document = document.With("tenants", tenants.With(Tenant, tenant.With("users", tenant["users"]!.With(user.Id, Member(user)))));
        try
        {
            LocalUserDirectory.Parse(document);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
        OwnerFile.Write(path, CanonicalJson.Serialize(document));
        return true;
    }

    private static string FileOf(string dataDirectory) => Path.Combine(dataDirectory, "users.json");

    private static JsonValue Document(IEnumerable<NewUser> users)
    {
        var members = users.Select(user => KeyValuePair.Create(user.Id, Member(user)));
        return JsonValue.Object(("tenants", JsonValue.Object((Tenant, JsonValue.Object(("users", JsonValue.Object(members)))))));
    }

    private static JsonValue Member(NewUser user) => JsonValue.Object(
        ("name", user.Name), ("roles", Strings(user.Roles)), ("groups", Strings(user.Groups)), ("password", PasswordHash.Create(user.Password).ToString()));

    private static JsonValue Strings(IEnumerable<string> values) => JsonValue.Array(values.Select(JsonValue.From));
}
