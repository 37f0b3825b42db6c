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

    public static McpCaller Of(McpExchange exchange) =>
        exchange.Http.Features.Get<McpCaller>() ?? throw new InvalidOperationException("The face sets the caller before it serves.");
}
