using System.Globalization;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Http.Pages;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Hosting;

/// <summary>
/// <c>POST /token</c>: token exchange (RFC 8693) of a token for <c>/mcp</c> for a narrower one of the same holder. <c>scope</c> holds <c>tool:PATTERN</c> and
/// <c>server:NAME</c>; <c>expires_in</c> and <c>frame</c> are ours. Who holds the wider token may do more than it is given here, so it is all the
/// authority that is asked for. What is minted is recorded, and so is what would have been wider; a token that is none is counted. An address and a holder make only so many in a minute.
/// </summary>
internal sealed class TokenFace(InterlockWeb web, TokenNarrowing narrowing, EdgeRefusals refusals, CallerRefusals known)
{
    public const string Path = "/token";

    private const string Grant = "urn:ietf:params:oauth:grant-type:token-exchange";
    private const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";
    private const string RateRule = "token-rate";
    private const int MaxForm = 64 * 1024;
    private static readonly string[] _known = ["grant_type", "subject_token", "subject_token_type", "requested_token_type", "scope", "expires_in", "frame", "audience", "resource"];
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly AttemptLimiter _attempts = new(Window, web.Time);

    public async Task ExchangeAsync(HttpContext context)
    {
        if (!_attempts.TryEnter(("address:" + context.Connection.RemoteIpAddress, web.Options.ExchangesPerAddress)))
        {
            var often = TooOften("This address");
            refusals.Count(context, often);
            await RefuseAsync(context, often);
            return;
        }
        var (bytes, _, unread) = await RequestBody.ReadAsync(context, MaxForm, "application/x-www-form-urlencoded");
        if (unread is not null)
        {
            await ProblemResponse.WriteAsync(context, unread);
            return;
        }
        if (FormInput.Fields(bytes, MaxForm) is not { } fields) await FailAsync(context, "invalid_request", null, "Send a form in which each field stands once.");
        else if (fields.GetValueOrDefault("grant_type") != Grant) await FailAsync(context, "unsupported_grant_type", null, $"The grant_type is {Grant}.");
        else if (fields.Keys.FirstOrDefault(name => !_known.Contains(name)) is not null) await FailAsync(context, "invalid_request", null, $"Only {string.Join(", ", _known)} are taken; there is no actor_token here.");
        else if (fields.GetValueOrDefault("subject_token_type") != AccessToken || fields.GetValueOrDefault("requested_token_type", AccessToken) != AccessToken)
            await FailAsync(context, "invalid_request", null, $"Tokens are of the type {AccessToken}.");
        else if (fields.TryGetValue("audience", out var audience) && audience != LocalIssuer.McpAudience) await FailAsync(context, "invalid_target", null, $"The audience is {LocalIssuer.McpAudience}.");
        else if (await web.McpTokens.VerifyAsync(fields.GetValueOrDefault("subject_token", ""), context.RequestAborted) is TokenResult.Valid { Token: var token }) await NarrowAsync(context, token, fields);
        else
        {
            refusals.Count(context, new Problem(ProblemTypes.Authentication, 400, "The token is not accepted", null) { Stage = "authenticate", Rule = "subject-token" });
            await FailAsync(context, "invalid_grant", TokenRules.Claims, "The subject_token is not accepted at /mcp.");
        }
    }

    private async Task NarrowAsync(HttpContext context, VerifiedToken token, Dictionary<string, string> fields)
    {
        var holder = token.ToPrincipal();
        if (!_attempts.TryEnter(($"holder:{holder.Tenant}:{holder.Subject}", web.Options.ExchangesPerCaller)))
        {
            var often = TooOften("The holder of this token");
            await known.RecordAsync(holder, "exchangeToken", often);
            await RefuseAsync(context, often);
            return;
        }
        if (!TryScope(fields.GetValueOrDefault("scope"), out var tools))
        {
            await FailAsync(context, "invalid_scope", TokenRules.Claims, "The scope holds tool:server/tool patterns and server:name, separated by spaces.");
            return;
        }
        TimeSpan? lifetime = null;
        if (fields.TryGetValue("expires_in", out var text))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                await FailAsync(context, "invalid_request", null, "expires_in is a number of seconds.");
                return;
            }
            lifetime = TimeSpan.FromSeconds(seconds);
        }
        var result = narrowing.Narrow(token, tools, lifetime, fields.TryGetValue("frame", out var frame) ? new FrameId(frame) : null);
        await RecordAsync(token, fields.GetValueOrDefault("scope") ?? "", result, context.RequestAborted);
        if (result is not NarrowResult.Narrowed narrowed)
        {
            var refused = (NarrowResult.Refused)result; // the only other case
            await FailAsync(context, refused.Rule == TokenRules.Time ? "invalid_grant" : "invalid_scope", refused.Rule, refused.Detail);
            return;
        }
        await ProblemResponse.WriteJsonAsync(context, "application/json", JsonValue.Object(
            ("access_token", narrowed.Token),
            ("issued_token_type", AccessToken),
            ("token_type", "Bearer"),
            ("expires_in", (long)narrowed.Lifetime.TotalSeconds),
            ("scope", narrowed.Scope.ToString())));
    }

    private static Problem TooOften(string who) =>
        new(ProblemTypes.Limit, 429, "Tokens are exchanged too often", $"{who} has exchanged as many as it may within a minute; keep a token until it expires, and retry later.") { Stage = "authenticate", Rule = RateRule };

    private static Task RefuseAsync(HttpContext context, Problem problem)
    {
        context.Response.Headers.RetryAfter = ((int)Window.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return ProblemResponse.WriteAsync(context, problem);
    }

    private static bool TryScope(string? scope, out IReadOnlyList<string>? tools)
    {
        tools = null;
        if (string.IsNullOrWhiteSpace(scope)) return true;
        var patterns = scope.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => part switch
        {
            ['t', 'o', 'o', 'l', ':', .. var pattern] => pattern,
            ['s', 'e', 'r', 'v', 'e', 'r', ':', .. var server] => server + "/*",
            _ => null,
        }).ToList();
        if (patterns.Contains(null)) return false;
        tools = [.. patterns.Select(pattern => pattern!)]; // just looked
        return true;
    }

    private async Task RecordAsync(VerifiedToken token, string asked, NarrowResult result, CancellationToken cancellationToken)
    {
        var (holder, now) = (token.ToPrincipal(), web.Time.GetUtcNow());
        var chain = AuditChain.ForPrincipal(holder.Tenant, holder.Subject, now);
        var id = $"token:{now.UtcTicks.ToString(CultureInfo.InvariantCulture)}:{Guid.NewGuid():n}";
        var record = result switch
        {
            NarrowResult.Narrowed narrowed => new AuditRecord
            {
                Id = id,
                Type = AuditTypes.TokenIssued,
                Time = now,
                Tenant = chain.Tenant,
                Chain = chain.Id,
                Decision = "narrowed",
                Details = JsonValue.Object(("scope", narrowed.Scope.ToString()), ("depth", narrowed.Scope.Depth), ("seconds", (long)narrowed.Lifetime.TotalSeconds)),
            },
            NarrowResult.Refused refused => RefusalRecord.Of(chain, id, now, "authenticate", refused.Rule, refused.Detail) with { Details = JsonValue.Object(("scope", Shown(asked))) },
            _ => throw new InvalidOperationException($"Unexpected {result.GetType().Name}."),
        };
        await web.Audit.AppendAsync(chain, [record with { Actors = [holder.Subject], Run = token.Run?.Run, Frame = token.Run?.Frame }], [], cancellationToken);
    }

    private static string Shown(string asked) => string.Concat(asked.Take(1000).Select(c => c is >= ' ' and <= '~' ? c : '?'));

    private static Task FailAsync(HttpContext context, string error, string? rule, string detail)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        var json = JsonValue.Object(("error", error), ("error_description", detail));
        return ProblemResponse.WriteJsonAsync(context, "application/json", rule is null ? json : json.With("rule", rule));
    }
}
