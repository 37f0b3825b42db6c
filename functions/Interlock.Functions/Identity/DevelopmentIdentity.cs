using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Functions.Hosting;
using Interlock.Http.Hosting;
using Microsoft.Extensions.Configuration;

namespace Interlock.Functions.Identity;

/// <summary>
/// A developer's identities: issuer, users and MAC key of an embedded host's folder, and its password form. Only on a machine that is not Azure's, over a
/// store that is on the same machine.
/// </summary>
internal static class DevelopmentIdentity
{
    private const string JobsStorage = "AzureWebJobsStorage";

    private static readonly string[] Endpoints = ["BlobEndpoint", "QueueEndpoint", "TableEndpoint"];

    public static AppIdentity Create(string folder, SettingReader settings, IConfiguration configuration, PlatformEnvironment platform, TimeProvider time)
    {
        if (platform.IsAzure) settings.Problem(SettingNames.DevelopmentFolder, "is for a developer's machine and refused in Azure: remove it, and set the tenant and audiences.");
        foreach (var name in (ReadOnlySpan<string>)[SettingNames.StorageTables, SettingNames.StorageBlobs, SettingNames.AuditTables, SettingNames.AuditBlobs])
            if (settings.Text(name) is { } address && !IsLoopback(address)) Remote(settings, name);
        foreach (var name in (ReadOnlySpan<string>)[SettingNames.DevelopmentStorage, JobsStorage])
            if (settings.Text(name) is { } connection && !IsLocal(connection)) Remote(settings, name);
        if (configuration.GetSection(JobsStorage).GetChildren().Any(part => !string.IsNullOrWhiteSpace(part.Value) && !IsLoopback(part.Value))) Remote(settings, JobsStorage);
        if (!Directory.Exists(folder) || !LocalUsers.Exist(folder))
            settings.Problem(SettingNames.DevelopmentFolder, "names no folder with a users.json: run 'interlock serve --data FOLDER' once, or correct it.");
        settings.ThrowIfAny();
        return Open(folder, new TenantId(settings.Text(SettingNames.Tenant) ?? LocalUsers.Tenant), settings, time);
    }

    private static AppIdentity Open(string folder, TenantId tenant, SettingReader settings, TimeProvider time)
    {
        LocalKeys? keys = null;
        try
        {
            keys = LocalKeys.Open(folder, time);
            var users = LocalUsers.Load(folder);
            var passwords = new LocalSignIn(users);
            return new AppIdentity([keys, passwords])
            {
                Tenant = tenant,
                McpTokens = keys.Issuer.Verifier(TokenClass.Mcp, keys.Incarnation),
                ApiTokens = keys.Issuer.Verifier(TokenClass.Api, keys.Incarnation),
                RunIssuer = keys.Issuer,
                SignIn = new SignInMethod.Password(passwords),
                Directory = users,
                Mac = keys.Mac,
                Incarnation = keys.Incarnation,
                IsDevelopment = true,
            };
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            keys?.Dispose();
            settings.Problem(SettingNames.DevelopmentFolder, $"can't be used: {e.Message}");
            settings.ThrowIfAny();
            throw;
        }
    }

    private static void Remote(SettingReader settings, string name) =>
        settings.Problem(name, $"leads elsewhere than to this machine, which {SettingNames.DevelopmentFolder} does not go with: use Azurite, or remove the folder.");

    private static bool IsLoopback(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri is { IsLoopback: true, Scheme: "http" or "https" };

    /// <summary>Whether a storage connection string stays on this machine: Azurite's short form, or every endpoint given and here.</summary>
    private static bool IsLocal(string connection)
    {
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in connection.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=', 2);
            if (pair.Length != 2 || !parts.TryAdd(pair[0].Trim(), pair[1].Trim())) return false;
        }
        if (parts.Any(part => part.Key.EndsWith("Endpoint", StringComparison.OrdinalIgnoreCase) && !IsLoopback(part.Value))) return false;
        if (parts.TryGetValue("DevelopmentStorageProxyUri", out var proxy) && !IsLoopback(proxy)) return false;
        return string.Equals(parts.GetValueOrDefault("UseDevelopmentStorage"), "true", StringComparison.OrdinalIgnoreCase) || Endpoints.All(parts.ContainsKey);
    }
}
