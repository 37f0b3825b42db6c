using Interlock.Core.Identity;
using Interlock.Core.Runs;

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

    public bool Permits(string target) => Token?.Permits(new(target)) ?? true;

    public static McpCaller Of(McpExchange exchange) =>
        exchange.Http.Features.Get<McpCaller>() ?? throw new InvalidOperationException("The face sets the caller before it serves.");
}
