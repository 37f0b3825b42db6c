using Azure.Core;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Functions.Hosting;
using Interlock.Http.Hosting;
using Interlock.Http.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Identity;

/// <summary>
/// From settings to identity: Entra for one tenant, or on a developer's machine a folder of the embedded host. There is no third way and no default: what
/// is not configured is not trusted, and then the app does not start.
/// </summary>
internal static class IdentitySetup
{
    private const int MacKeyBytes = 32;

    /// <param name="configuration">The settings, of <see cref="SettingNames"/>.</param>
    /// <param name="platform">Where the process runs.</param>
    /// <param name="egress">The one way out, for keys and the directory.</param>
    /// <param name="credential">The app's own identity, asked for only where Entra is used.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where refused sign-ins and unreadable keys are told.</param>
    /// <exception cref="SettingsException">Something is missing, contradictory or not allowed here; it says what to do.</exception>
    public static AppIdentity Create(
        IConfiguration configuration, PlatformEnvironment platform, HttpMessageHandler egress, Func<TokenCredential> credential, TimeProvider time, ILoggerFactory loggers)
    {
        var settings = new SettingReader(configuration);
        return settings.Text(SettingNames.DevelopmentFolder) is { } folder
            ? DevelopmentIdentity.Create(folder, settings, configuration, platform, time)
            : Entra(settings, platform, egress, credential, time, loggers);
    }

    private static AppIdentity Entra(
        SettingReader settings, PlatformEnvironment platform, HttpMessageHandler egress, Func<TokenCredential> credential, TimeProvider time, ILoggerFactory loggers)
    {
        var tid = settings.Id(SettingNames.Tenant, "the tenant's id", isRequired: true);
        var mcp = settings.Id(SettingNames.McpAudience, "the client id of the app registration of /mcp", isRequired: true);
        var api = settings.Id(SettingNames.ApiAudience, "the client id of the app registration of /api", isRequired: true);
        var signIn = settings.Id(SettingNames.SignInAudience, "the client id of the app registration that people sign in to", isRequired: false);
        var allowGuests = settings.Flag(SettingNames.AllowGuests);
        var mac = MacKey(settings);
        var incarnation = Restored(settings);
        if (mcp is not null && mcp == api) settings.Problem(SettingNames.McpAudience, $"is that of {SettingNames.ApiAudience}: a token for one face would open the other. Register two applications.");
        if (signIn is not null && (signIn == mcp || signIn == api))
            settings.Problem(SettingNames.SignInAudience, $"is that of {(signIn == mcp ? SettingNames.McpAudience : SettingNames.ApiAudience)}: an ID token would pass for an access token. Register an application of its own.");
        settings.ThrowIfAny();

        var tenant = new TenantId(tid!); // whatever is missing was thrown
        var issuer = TrustedIssuer.Entra(tenant);
        var keys = new JwksKeySource(
            egress, new Dictionary<string, Uri> { [issuer.Issuer] = new($"https://login.microsoftonline.com/{tenant.Value}/discovery/v2.0/keys") }, time, loggers.CreateLogger<JwksKeySource>());
        var graph = new GraphClient(egress, credential(), time);
        var directory = new GraphDirectory(graph, tenant, Guid.Parse(api!), time, allowGuests); // as above
        var runs = LocalIssuer.ForRuns(mac!, tenant, mcp!, time); // as above
        JwtVerifier Verifier(string audience, TokenClass face) => new(new JwtVerifierOptions { Issuers = [issuer], Audience = audience, Class = face, Incarnation = incarnation! }, keys, time);
        return new AppIdentity([keys, graph, runs])
        {
            Tenant = tenant,
            McpTokens = new JwtVerifier(
                new JwtVerifierOptions { Issuers = [issuer, runs.Trust], Audience = mcp!, Class = TokenClass.Mcp, AcceptRunTokens = true, Incarnation = incarnation! }, // as above
                new KeySources(runs, keys), time),
            RunIssuer = runs,
            ApiTokens = Verifier(api!, TokenClass.Api), // as above
            SignIn = signIn is null
                ? new SignInMethod.Closed($"The app is served without sign-in: {SettingNames.SignInAudience} is not set.")
                : platform.SignsPeopleIn
                    ? new SignInMethod.Platform(new PlatformSignIn(Verifier(signIn, TokenClass.SignIn), directory, time, loggers.CreateLogger<PlatformSignIn>(), allowGuests))
                    : new SignInMethod.Closed("Platform authentication does not run in front of this app; an operator must turn it on."),
            Directory = directory,
            Mac = new Mac(mac!), // as above
            Incarnation = incarnation!, // as above
            AuthorizationServers = [new Uri(issuer.Issuer)],
        };
    }

    private static Incarnation? Restored(SettingReader settings)
    {
        if (settings.Text(SettingNames.RestoredAt) is not { } text) return Incarnation.First;
        if (Incarnation.Parse(text) is { } incarnation) return incarnation;
        settings.Problem(SettingNames.RestoredAt, "is no time: set it to when the storage account was last restored or failed over, as 2026-03-01T09:00:00Z.");
        return null;
    }

    private static byte[]? MacKey(SettingReader settings)
    {
        const string how = "a Key Vault reference to 32 random bytes in base64";
        var text = settings.Text(SettingNames.MacKey);
        var key = new byte[(text?.Length ?? 0) + 4];
        if (text is null) settings.Problem(SettingNames.MacKey, $"is missing: set it to {how}.");
        else if (settings.IsUnresolved(SettingNames.MacKey, text)) return null;
        else if (!Convert.TryFromBase64String(text, key, out var length)) settings.Problem(SettingNames.MacKey, $"is not base64: set it to {how}.");
        else if (length < MacKeyBytes) settings.Problem(SettingNames.MacKey, $"is too short: set it to {how}.");
        else return key[..length];
        return null;
    }
}
