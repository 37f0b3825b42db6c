using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Hosting;

/// <summary>
/// All that a host gives to have Interlock's HTTP served. <see cref="McpTokens"/> accepts tokens of class mcp and run tokens,
/// <see cref="ApiTokens"/> those of class api; the two have audiences of their own. <see cref="Mac"/> protects sessions and forms under
/// purposes that nothing else uses. One per process.
/// </summary>
public sealed record InterlockWeb
{
    public required ToolGateway Gateway { get; init; }
    public required ApprovalDesk Approvals { get; init; }
    public required AdHocDesk AdHoc { get; init; }
    public required RegistryDesk Registry { get; init; }
    /// <summary>Where changes of the registry that widen wait for a second person; null where one is enough.</summary>
    public ChangeDesk? Changes { get; init; }

    public required WorkflowCatalog Workflows { get; init; }
    public required PolicyCache Policies { get; init; }
    public required RunIntake Intake { get; init; }
    public required IRunHost Runs { get; init; }
    public required AuditLog Audit { get; init; }

    /// <summary>Where clients' idempotency keys are bound to what they were first used for.</summary>
    public required ITableStore Store { get; init; }

    /// <summary>Asks agents at once how their tasks stand, when they say that these moved; null where none can say so.</summary>
    public AgentNotices? AgentNotices { get; init; }

    public required JwtVerifier McpTokens { get; init; }
    public required JwtVerifier ApiTokens { get; init; }
    /// <summary>Makes narrower tokens at <c>/token</c>; null where another issuer's tokens are used, and there is no such address then.</summary>
    public TokenNarrowing? Narrowing { get; init; }

    public required SignInMethod SignIn { get; init; }

    /// <summary>Read at every request of a session: a person who is gone there has no session.</summary>
    public required IDirectory Directory { get; init; }

    public required Mac Mac { get; init; }

    /// <summary>Sessions from before are void.</summary>
    public required Incarnation Incarnation { get; init; }
    public required WebOptions Options { get; init; }
    public required TimeProvider Time { get; init; }
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>Cancelled when the host begins to stop: calls whose clients were answered already are then asked to stop.</summary>
    public CancellationToken Stopping { get; init; }
}
