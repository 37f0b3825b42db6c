using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>The secrets of the data directory's <c>secrets.json</c>, an object of names and texts, for the one tenant of <see cref="LocalUsers.Tenant"/>.</summary>
public sealed class LocalSecrets(string dataDirectory) : ISecretSource
{
    private const int MaxSecret = 8192;

    private readonly string _path = Path.Combine(dataDirectory, "secrets.json");

    public Task<string?> ResolveAsync(TenantId tenant, string name, CancellationToken cancellationToken = default) =>
        Task.FromResult(tenant.Value == LocalUsers.Tenant && SecretName.Is(name) ? Load()[name]?.StringOrNull() : null);

    /// <summary>Keeps a secret under a name, in the place of what was there.</summary>
    /// <exception cref="InvalidDataException">It is not 1 to 8192 characters, or the file is not an object.</exception>
    public void Set(string name, string secret)
    {
        if (!SecretName.Is(name)) throw new InvalidDataException($"A secret's name is {SecretName.Form}.");
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
