using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>The secrets of the data directory's <c>secrets.json</c>, an object of names and texts, for the one tenant of <see cref="LocalUsers.Tenant"/>.</summary>
public sealed class LocalSecrets(string dataDirectory) : ISecretSource
{
    /// <summary>What a secret's name is, in words.</summary>
    public const string NameForm = "1 to 64 lower-case letters, digits and dashes";

    private const int MaxName = 64;
    private const int MaxSecret = 8192;

    private readonly string _path = Path.Combine(dataDirectory, "secrets.json");

    /// <summary>Whether a text is <see cref="NameForm"/>.</summary>
    public static bool IsName(string name) => name.Length is >= 1 and <= MaxName && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    public Task<string?> ResolveAsync(TenantId tenant, string name, CancellationToken cancellationToken = default) =>
        Task.FromResult(tenant.Value == LocalUsers.Tenant && IsName(name) ? Load()[name]?.StringOrNull() : null);

    /// <summary>Keeps a secret under a name, in the place of what was there.</summary>
    /// <exception cref="InvalidDataException">It is not 1 to 8192 characters, or the file is not an object.</exception>
    public void Set(string name, string secret)
    {
        if (!IsName(name)) throw new InvalidDataException($"A secret's name is {NameForm}.");
        if (secret.Length is 0 or > MaxSecret) throw new InvalidDataException($"A secret is 1 to {MaxSecret} characters.");
        OwnerFile.Write(_path, CanonicalJson.Serialize(Load().With(name, secret)));
    }

    private JsonValue Load()
    {
        if (OwnerFile.Read(_path) is not { } bytes) return JsonValue.EmptyObject;
        try
        {
            return StrictJson.Parse(bytes) is { IsObject: true } secrets ? secrets : throw new InvalidDataException($"{_path} is no JSON object.");
        }
        catch (NotIJsonException)
        {
            throw new InvalidDataException($"{_path} is no I-JSON."); // what it says of the place could repeat a secret
        }
    }
}
