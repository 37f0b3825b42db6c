using System.Globalization;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Mcp;

/// <summary>Records what is refused at <c>/mcp</c> before it gets to the gateway, as the gateway would: in the day's chain of whoever answers for it.</summary>
internal sealed class McpRefusals(AuditLog audit, TimeProvider time)
{
    public const string StateRule = "request-state-invalid";

    private const string Stage = "authenticate";

    /// <summary>A run token whose frame is not pending, or that is held by another: once a day for each run and frame, however often it is tried.</summary>
    public Task<Problem> TokenAsync(Principal holder, RunTokenClaims token, string rule, string detail, CancellationToken cancellationToken) =>
        RecordAsync(AuditChain.ForPrincipal(holder.Tenant, holder.Subject, time.GetUtcNow()), CanonicalJson.Digest(JsonValue.Array(token.Run.Value, token.Frame.Value)), rule, detail, record => record with
        {
            Run = token.Run,
            Frame = token.Frame,
            Actors = [holder.Subject],
        }, cancellationToken);

    /// <summary>A call.</summary>
    public Task<Problem> CallAsync(McpCaller caller, string target, JsonValue arguments, string rule, string detail, CancellationToken cancellationToken)
    {
        var (digest, now) = (CanonicalJson.Digest(arguments), time.GetUtcNow());
        var site = caller.Site;
        var chain = site is null ? AuditChain.ForPrincipal(caller.Principal.Tenant, caller.Chain.Starter.Subject, now) : AuditChain.ForRun(caller.Principal.Tenant, site.Run);
        var key = site is null ? $"{digest}:{now.UtcTicks.ToString(CultureInfo.InvariantCulture)}" : $"{site.Under?.Effect}:{CanonicalJson.Digest(JsonValue.Array(target, digest))}"; // an agent's once, however often it tries
        return RecordAsync(chain, key, rule, detail, record => record with
        {
            Run = caller.Token?.Run,
            Frame = caller.Token?.Frame,
            Task = site?.Task,
            WorkflowName = site?.Workflow.Name,
            WorkflowVersion = site?.Workflow.Version,
            WorkflowDigest = site?.Workflow.Digest,
            Actors = [.. caller.Chain.Subjects],
            Target = target,
            ArgumentsDigest = digest,
        }, cancellationToken);
    }

    /// <summary>The rule of what a narrowed token does not hold.</summary>
    public const string ScopeRule = "token-scope";

    /// <summary>A target outside the pool of the caller's run token, or of what its token was narrowed to: then the response names the scope that is needed (RFC 6750 §3.1).</summary>
    public Task<Problem> OutsideAsync(HttpContext? http, McpCaller caller, GatewayCall call, CancellationToken cancellationToken)
    {
        if (!caller.IsInPool(call.Target)) return CallAsync(caller, call.Target, call.Arguments, "widening", "The tool is not in the pool of this run token.", cancellationToken);
        var needed = "tool:" + call.Target;
        if (http is { Response.HasStarted: false }) http.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{needed}\"";
        return CallAsync(caller, call.Target, call.Arguments, ScopeRule, $"The token was narrowed to other tools; this needs the scope {needed}.", cancellationToken);
    }

    /// <summary>A state that is not for this call, or not any more.</summary>
    public async Task<Problem> StateAsync(McpCaller caller, GatewayCall call, CancellationToken cancellationToken) =>
        await CallAsync(caller, call.Target, call.Arguments, StateRule, "The requestState was not given for this call of yours, was used already, or is too old; make the call without it.", cancellationToken) with { Status = 400 };

    private async Task<Problem> RecordAsync(AuditChain chain, string key, string rule, string detail, Func<AuditRecord, AuditRecord> about, CancellationToken cancellationToken)
    {
        await audit.AppendAsync(chain, [about(RefusalRecord.Of(chain, $"refused:{rule}:{key}", time.GetUtcNow(), Stage, rule, detail))], [], cancellationToken);
        return new Problem(ProblemTypes.Refused, 403, "The call was refused", detail) { Stage = Stage, Rule = rule };
    }
}
