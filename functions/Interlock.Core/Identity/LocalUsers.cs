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
    public static void Write(string dataDirectory, IEnumerable<NewUser> users)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(FileOf(dataDirectory), options);
        file.Write(CanonicalJson.Serialize(Document(users)));
    }

    private static string FileOf(string dataDirectory) => Path.Combine(dataDirectory, "users.json");

    private static JsonValue Document(IEnumerable<NewUser> users)
    {
        var members = users.Select(user => KeyValuePair.Create(user.Id, JsonValue.Object(
            ("name", user.Name), ("roles", Strings(user.Roles)), ("groups", Strings(user.Groups)), ("password", PasswordHash.Create(user.Password).ToString()))));
        return JsonValue.Object(("tenants", JsonValue.Object((Tenant, JsonValue.Object(("users", JsonValue.Object(members)))))));
    }

    private static JsonValue Strings(IEnumerable<string> values) => JsonValue.Array(values.Select(JsonValue.From));
}
