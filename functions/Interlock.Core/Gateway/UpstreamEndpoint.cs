using System.Collections.Immutable;
using Interlock.Core.Registry;

namespace Interlock.Core.Gateway;

/// <summary>The protocol an upstream speaks.</summary>
public enum UpstreamKind
{
    /// <summary>A Model Context Protocol server over streamable HTTP, of any revision.</summary>
    Mcp,

    /// <summary>An Agent2Agent agent, 0.3 or 1.0, over JSON-RPC.</summary>
    A2a,

    /// <summary>Plain HTTP: one request, one answer.</summary>
    Http,

    /// <summary>An OpenAI-compatible endpoint for chat completions.</summary>
    Chat,

    /// <summary>Interlock itself: <see cref="BuiltinServer"/>.</summary>
    Builtin,
}

/// <summary>
/// Where a registered upstream is. <see cref="RegistrationId"/> names one registration of one tenant with its credential:
/// connections and sessions are shared within it, never across.
/// </summary>
public sealed record UpstreamEndpoint(UpstreamKind Kind, string RegistrationId, Uri Address)
{
    /// <summary>Whose secrets <see cref="Auth"/> names.</summary>
    public TenantId? Tenant { get; init; }

    public UpstreamAuth? Auth { get; init; }

    /// <summary>Of an A2A agent: how it is spoken to.</summary>
    public AgentDialect Dialect { get; init; } = AgentDialect.Oldest;

    /// <summary>See <see cref="ServerSettings.ElicitationOrigins"/>.</summary>
    public ImmutableArray<string> ElicitationOrigins { get; init; } = [];

    public static UpstreamEndpoint Of(TenantId tenant, ServerBody server) => new(BuiltinServer.Is(server) ? UpstreamKind.Builtin : server.Settings.Protocol == ServerProtocol.Http ? UpstreamKind.Http : UpstreamKind.Mcp, server.RegistrationId, server.Address)
    {
        Tenant = tenant,
        Auth = server.Settings.Auth,
        ElicitationOrigins = server.Settings.ElicitationOrigins,
    };

    /// <summary>Of an agent that has an address.</summary>
    public static UpstreamEndpoint Of(TenantId tenant, AgentBody agent) =>
        new(agent.Settings.Protocol == AgentProtocol.Chat ? UpstreamKind.Chat : UpstreamKind.A2a, agent.RegistrationId, agent.Address ?? throw new InvalidOperationException("An agent that is a tool has no endpoint of its own."))
        {
            Tenant = tenant,
            Auth = agent.Settings.Auth,
            Dialect = AgentDialect.Of(agent.Card, agent.Address),
        };
}
