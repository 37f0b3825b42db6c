using Interlock.Core;
using Interlock.Core.Identity;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Hosting;

/// <summary>A request's bearer token (RFC 6750: the header only), verified, with the caller's groups complete.</summary>
internal sealed class Bearer(JwtVerifier tokens, IDirectory directory)
{
    private const string Prefix = "Bearer ";

    public async Task<(VerifiedToken? Token, Principal? Caller, Problem? Refusal)> ReadAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return (null, null, Refuse(401, "token-missing", "Send one Authorization header with a bearer token."));
        return await tokens.VerifyAsync(Text(header), context.RequestAborted) switch
        {
            TokenResult.Valid { Token: { GroupsIncomplete: true } token } when token.ToPrincipal().Kind != PrincipalKind.User =>
                (null, null, Refuse(403, "groups-incomplete", "The token leaves out groups, and only people's can be looked up. Have it list only groups assigned to the application.")),
            TokenResult.Valid valid => (valid.Token, await CallerAsync(valid.Token, context.RequestAborted), null),
            TokenResult.Refused refused => (null, null, Refuse(refused.Rule == TokenRules.Class ? 403 : 401, refused.Rule, refused.Detail)),
            var other => throw new InvalidOperationException($"Unexpected {other.GetType().Name}."),
        };
    }

    /// <summary>The token of a request that has one.</summary>
    public static string TextOf(HttpContext context) => Text(context.Request.Headers.Authorization.ToString());

    private static string Text(string header) => header[Prefix.Length..].Trim();

    private async ValueTask<Principal> CallerAsync(VerifiedToken token, CancellationToken cancellationToken)
    {
        var caller = token.ToPrincipal();
        if (!token.GroupsIncomplete) return caller;
        return caller with { Groups = [.. await directory.GroupsOfAsync(caller.Tenant, caller.Id, cancellationToken)] };
    }

    private static Problem Refuse(int status, string rule, string detail) =>
        new(status == 401 ? ProblemTypes.Authentication : ProblemTypes.Authorization, status, "The token is not accepted", detail) { Stage = "authenticate", Rule = rule };
}
