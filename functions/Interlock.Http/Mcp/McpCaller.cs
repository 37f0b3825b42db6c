using Interlock.Core.Identity;
using Interlock.Core.Runs;

namespace Interlock.Http.Mcp;

/// <summary>
/// Who calls <c>/mcp</c> and on whose authority. A run token comes with its claims and with the run as it stands: the call is then on the authority
/// of the run's starter, its workflow's owner and the agent together.
/// </summary>
internal sealed record McpCaller(Principal Principal, ActorChain Chain, RunTokenClaims? Token, RunState? Run);
