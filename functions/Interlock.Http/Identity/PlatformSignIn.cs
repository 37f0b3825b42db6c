using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Identity;

/// <summary>
/// Sign-in by the platform in front of the app (Easy Auth with Entra): the browser signs in there and comes back with the ID token in a header, which
/// counts only because it verifies here as a token of the tenant, issued just now, for a person whom the directory knows. Make one only
/// where the platform is known to strip that header from outside requests.
/// </summary>
public sealed partial class PlatformSignIn(JwtVerifier tokens, IDirectory directory, TimeProvider time, ILogger<PlatformSignIn> logger, bool allowGuests = false)
{
    /// <summary>The platform sends it only with its token store on.</summary>
    public const string TokenHeader = "X-MS-TOKEN-AAD-ID-TOKEN";

    /// <summary>Entra dates tokens back by five minutes; the rest is for the way to the browser and back.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(15);

    /// <summary>Where the browser signs in; <paramref name="again"/> asks that the person prove who they are even where a sign-in stands.</summary>
    /// <remarks>Whether the platform passes <c>prompt</c> on is not documented, so what came of it is read from the token's <c>auth_time</c>.</remarks>
    internal static string LoginAddress(string returnTo, bool again) =>
        $"/.auth/login/aad?post_login_redirect_uri={Uri.EscapeDataString(returnTo)}{(again ? "&prompt=login" : "")}";

    /// <summary>Where the browser signs out of the platform and of Entra.</summary>
    internal static string LogoutAddress(string returnTo) => $"/.auth/logout?post_logout_redirect_uri={Uri.EscapeDataString(returnTo)}";

    /// <summary>The person whom the platform signed in, and when that person last proved it; or why the request signs nobody in.</summary>
    internal async Task<(Principal? Person, DateTimeOffset SignedInAt, Problem? Refusal)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.Headers[TokenHeader] is not [{ Length: > 0 } token])
            return Refuse(401, "token-missing", "The platform handed over no ID token; its token store must be on. Sign in again, or tell an operator.");
        var result = await tokens.VerifyAsync(token, cancellationToken);
        if (result is TokenResult.Refused refused) return Refuse(401, refused.Rule, refused.Detail);
        if (result is not TokenResult.Valid { Token: { SignIn: { } signIn } verified }) return Refuse(401, TokenRules.Class, "That is no ID token of a sign-in.");
        var now = time.GetUtcNow();
        if (signIn.IssuedAt < now - Freshness) return Refuse(401, TokenRules.Time, "The ID token is not of a sign-in just now. Sign in again.");
        if (signIn.IsGuest && !allowGuests) return Refuse(403, "guest", "Guests of the tenant do not sign in here. Sign in with an account of the tenant.");
        var claimed = verified.ToPrincipal();
        if (await directory.FindUserAsync(claimed.Tenant, claimed.Id, cancellationToken) is not { Kind: PrincipalKind.User } person)
            return Refuse(403, "unknown-person", "The directory knows no active member of the tenant by your account.");
        return (person, signIn.AuthenticatedAt < now ? signIn.AuthenticatedAt : now, null);
    }

    private (Principal?, DateTimeOffset, Problem?) Refuse(int status, string rule, string detail)
    {
        Log.Refused(logger, rule);
        return (null, default, ProblemResponse.Of(status, rule, "You are not signed in", detail));
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A sign-in through the platform was refused by {Rule}")]
        public static partial void Refused(ILogger logger, string rule);
    }
}
