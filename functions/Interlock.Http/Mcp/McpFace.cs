using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Mcp;

/// <summary>
/// <c>/mcp</c> and <c>/mcp/{server}</c>: authenticates (a token of class mcp, or a run token while its frame is pending) and hands over to the endpoint; and the
/// RFC 9728 documents that tell clients where tokens come from.
/// </summary>
internal sealed class McpFace
{
    public const string Path = "/mcp";
    public const string MetadataPath = "/.well-known/oauth-protected-resource/mcp";

    /// <summary>The same showing one server under its own names.</summary>
    public const string ServerPath = Path + "/{" + ServerPart + "}";

    public const string ServerMetadataPath = MetadataPath + "/{" + ServerPart + "}";

    private const string ServerPart = "server";

    private readonly InterlockWeb _web;
    private readonly Site _site;
    private readonly EdgeRefusals _edge;
    private readonly Bearer _bearer;
    private readonly McpEndpoint _endpoint;
    private readonly McpRefusals _refusals;
    private readonly McpMethods _methods;

    public McpFace(InterlockWeb web, Site site, EdgeRefusals edge)
    {
        (_web, _site, _edge) = (web, site, edge);
        _bearer = new Bearer(web.McpTokens, web.Directory);
        _endpoint = new McpEndpoint(
            new McpEndpointOptions
            {
                AllowedHosts = web.Options.AllowedHosts,
                AllowedOrigins = Origins(web.Options),
                MaxBodyBytes = web.Options.MaxMcpBytes,
                CallsOutliveAnswers = web.Options.AnswerWithin is not null,
            },
            web.Loggers,
            web.Time);
        _refusals = new McpRefusals(web.Audit, web.Time);
        _methods = GatewayServer.Create(web, site, _refusals);
    }

    public async Task HandleAsync(HttpContext context)
    {
        var remainder = new CallRemainder(_web.Time.GetTimestamp());
        context.Features.Set(remainder);
        var (token, principal, refusal) = await _bearer.ReadAsync(context);
        if (refusal is not null) _edge.Count(context, refusal);
        if (refusal is null && token is not null && principal is not null)
        {
            (var caller, refusal) = await CallerAsync(token, principal, context.RequestAborted);
            if (caller is not null && await IsThereAsync(caller, ServerOf(context), context.RequestAborted))
            {
                caller = caller with { Bearer = Bearer.TextOf(context), Scope = token.Scope, Server = ServerOf(context) };
                context.Features.Set(caller);
                await ServeAsync(context, remainder, caller);
                return;
            }
            if (caller is not null) refusal = ProblemResponse.Of(404, "unknown-server", "There is no such server", "The address names no server that is registered and active.");
        }
        refusal ??= ProblemResponse.Of(401, "token-missing", "The token is not accepted", "Send a bearer token.");
        if (refusal.Rule == TokenRules.Class) refusal = refusal with { Status = 401 }; // the client is to get a token for here
        if (refusal.Status == 401)
        {
            var error = refusal.Rule == "token-missing" ? "" : ", error=\"invalid_token\"";
            context.Response.Headers.WWWAuthenticate = $"Bearer resource_metadata=\"{_site.Origin(context.Request)}{MetadataPath}{Suffix(context)}\"{error}";
        }
        await ProblemResponse.WriteAsync(context, refusal);
    }

    public Task DescribeAsync(HttpContext context)
    {
        var json = JsonValue.Object(
            ("resource", _site.Origin(context.Request) + Path + Suffix(context)),
            ("resource_name", "Interlock"),
            ("bearer_methods_supported", JsonValue.Array(JsonValue.From("header"))));
        if (_web.Options.AuthorizationServers is { Count: > 0 } servers)
            json = json.With("authorization_servers", JsonValue.Array(servers.Select(server => JsonValue.From(server.AbsoluteUri))));
        return ProblemResponse.WriteJsonAsync(context, "application/json", json);
    }

    /// <summary>Answers, and stays until a call that goes on has ended: on a host that counts requests the process is busy so long.</summary>
    private async Task ServeAsync(HttpContext context, CallRemainder remainder, McpCaller caller)
    {
        try
        {
            await _endpoint.HandleAsync(context, _methods, McpProtocolRules.IsSessionless(context) ? null : caller.Client);
            if (!remainder.Work.IsCompleted) await context.Response.CompleteAsync();
        }
        catch when (!remainder.Work.IsCompleted)
        {
            context.Abort(); // nobody is to wait for an answer until the call has ended
            throw;
        }
        finally
        {
            await remainder.Work;
        }
    }

    /// <summary>A run token counts only while the run waits for its call, and only for an agent or for the person who started the run.</summary>
    private async Task<(McpCaller? Caller, Problem? Refusal)> CallerAsync(VerifiedToken token, Principal principal, CancellationToken cancellationToken)
    {
        if (token.Run is not { } claims) return (new McpCaller(principal, new ActorChain(principal), null, null), null);
        if (await _web.Runs.GetAsync(claims.Tenant, claims.Run, cancellationToken) is not { } run || McpCaller.Of(token, claims, principal, run) is not { } caller)
            return (null, await RefuseAsync("frame-not-pending", "The run no longer waits for this agent."));
        if (principal.Kind != PrincipalKind.Agent && principal.Subject != run.Origin.Starter.Subject)
            return (null, await RefuseAsync("chain-not-authorized", "The token's holder is neither an agent nor who started the run."));
        return (caller, null);

        async Task<Problem> RefuseAsync(string rule, string detail) =>
            await _refusals.TokenAsync(principal, claims, rule, detail, cancellationToken) with { Type = ProblemTypes.Authorization, Title = "The run token is not accepted" };
    }

    private async ValueTask<bool> IsThereAsync(McpCaller caller, string? server, CancellationToken cancellationToken) =>
        server is null || (await _web.Registry.ReadAsync(caller.Principal.Tenant, cancellationToken)).Newest(RegistryKind.Server, server) is not null;

    private static string? ServerOf(HttpContext context) => context.Request.RouteValues[ServerPart] as string;

    /// <summary>The server of the request's address as a part of one; of a name that can be none nothing is said.</summary>
    private static string Suffix(HttpContext context) => ServerOf(context) is { } server ? "/" + Uri.EscapeDataString(server) : "";

    private static List<string> Origins(WebOptions options) => options.PublicOrigin is { } own
        ? [.. options.AllowedOrigins, own.GetLeftPart(UriPartial.Authority)]
        : [.. options.AllowedOrigins];
}
