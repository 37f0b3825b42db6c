using Interlock.Core.Agents;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// Who calls <c>/mcp</c> and on whose authority. A run token comes with its claims and with the run as it stands: the call is then on the authority
/// of the run's starter, its workflow's owner and the agent together.
/// </summary>
internal sealed record McpCaller(Principal Principal, ActorChain Chain, RunTokenClaims? Token, RunState? Run)
{
    /// <summary>The request's bearer token, to be exchanged for an upstream's.</summary>
    public string? Bearer { get; init; }

    /// <summary>The same unless it is a run token, which is no person's and is shown to nobody.</summary>
    public string? Exchangeable => Token is null ? Bearer : null;

    /// <summary>With a run token: where in the run its calls stand.</summary>
    public CallSite? Site { get; init; }

    /// <summary>With a run token: by when its calls must have ended.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>With a run token of an agent that paused: what was decided since.</summary>
    public AgentResume? Resume { get; init; }

    /// <summary>The one server that the request's address names; null for all.</summary>
    public string? Server { get; init; }

    /// <summary>Who waits for the request: nobody else may end it.</summary>
    public string Client => JsonValue.Array(Principal.Tenant.Value, Principal.Subject, Token?.Run.Value ?? "", Token?.Frame.Value ?? "").ToString();

    /// <summary>What its token was narrowed to; null when it never was.</summary>
    public TokenScope? Scope { get; init; }

    /// <summary>Whether it has the whole authority of a person or application of the tenant: it starts workflows then, and reads their runs.</summary>
    public bool IsWhole => Token is null && Server is null && Scope is null;

    /// <summary>Whether the target is in the pool of its run token, if it has one.</summary>
    public bool IsInPool(string target) => Token?.Permits(new(target)) ?? true;

    public bool Permits(string target) => IsInPool(target) && (Scope?.Permits(target) ?? true);

    /// <summary>
    /// The caller that a run token speaks for, or null when the run does not wait for it: the call that the token was made for is pending no more, or nothing of its frame is.
    /// </summary>
    public static McpCaller? Of(VerifiedToken token, RunTokenClaims claims, Principal principal, RunState run)
    {
        var command = claims.Call is { } effect ? run.Pending.GetValueOrDefault(effect) : run.Pending.Values.FirstOrDefault(pending => pending.Frame == claims.Frame);
        if (command is null || !run.Frames.TryGetValue(claims.Frame, out var frame)) return null;
        var (call, origin) = (command as Command.Call, run.Origin);
        return new McpCaller(principal, principal.Kind == PrincipalKind.Agent ? origin.Chain(call?.Agent, call?.AgentsBehind).For(principal.Id) : origin.Chain(), claims, run)
        {
            Site = new CallSite(run.Id, run.Workflow, frame.Path, frame.Id) { Under = new AgentCall(command.Id, frame.Id, principal.Id, claims.AgentVersion) },
            Until = call?.Deadline < token.ExpiresAt ? call.Deadline : token.ExpiresAt,
            Resume = (call as Command.CallAgent)?.Resume,
        };
    }

    public static McpCaller Of(McpExchange exchange) =>
        exchange.Http.Features.Get<McpCaller>() ?? throw new InvalidOperationException("The face sets the caller before it serves.");
}
