using Interlock.Core.Endpoints;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Core.Gateway.Routing;

/// <summary>From where something is to what is registered there. What is registered nowhere is not called, whoever asks and whatever the text looks like.</summary>
internal static class EndpointRouter
{
    public const string Unregistered = "endpoint-unregistered";
    public const string Invalid = "endpoint-invalid";
    public const string Mismatch = "credential-mismatch";
    public const string Elsewhere = "endpoint-elsewhere";

    private const string Card = "/.well-known/agent-card.json";

    /// <summary>The name of the tool or agent that a call with these arguments goes to.</summary>
    public static StageResult<string> Run(EndpointTarget asked, JsonValue arguments, RegistrySnapshot registry)
    {
        var (endpoint, flaw) = asked switch
        {
            EndpointTarget.Http => HttpArguments.Read(arguments),
            EndpointTarget.Mcp mcp => EndpointUri.Read(mcp.Url),
            EndpointTarget.A2a a2a => EndpointUri.Read(a2a.Url),
            _ => throw new InvalidOperationException($"Unexpected {asked.GetType().Name}."),
        };
        return endpoint is null ? new Refusal(ResolveStage.Name, Invalid, 400, $"The endpoint can't be called: {flaw}.") : Find(asked, endpoint, arguments, registry);
    }

    /// <summary>The same for an endpoint that is known, and the arguments as far as they are.</summary>
    public static StageResult<string> Find(EndpointTarget asked, EndpointUri endpoint, JsonValue arguments, RegistrySnapshot registry) => asked switch
    {
        EndpointTarget.Http http => Server(Below(endpoint, registry), http.Method, arguments, endpoint),
        EndpointTarget.Mcp mcp => Server([.. Servers(registry, ServerProtocol.Mcp).Where(one => one.At.Origin == endpoint.Origin && one.At.Base == endpoint.Base)], mcp.Name, JsonValue.EmptyObject, endpoint),
        _ => Agent(endpoint, registry),
    };

    /// <summary>Why arguments that name an origin, a credential or a path of another registration don't fit the endpoint that they would be sent to, or null.</summary>
    public static Refusal? Refuse(ServerBody server, JsonValue arguments, RegistrySnapshot registry)
    {
        if (server.Settings.Protocol != ServerProtocol.Http || EndpointUri.Read(server.Address.AbsoluteUri).Uri is not { } at) return null;
        if (arguments[HttpArguments.Origin] is { } origin && origin.StringOrNull() != at.Origin)
            return new Refusal(ResolveStage.Name, Unregistered, 403, "The arguments name another origin than the one that is registered.");
        if (!Fits(server, arguments)) return Mismatched;
        return arguments[HttpArguments.Path]?.StringOrNull() is { } path && EndpointUri.Read(at.Origin + path).Uri is { } asked
            && Governed(registry).Any(other => IsNearer(other, at, asked))
            ? new Refusal(ResolveStage.Name, Elsewhere, 403, "What the path leads to is registered on its own; call it there.")
            : null;
    }

    /// <summary>The servers as they are registered, and those that take no calls as they last were: what is disabled or quarantined is not reached by another's name either.</summary>
    private static IEnumerable<ServerBody> Governed(RegistrySnapshot registry) => registry.OfKind(RegistryKind.Server)
        .Where(entry => entry.Lifecycle == Lifecycle.Active || (entry.Lifecycle != Lifecycle.Draft && registry.Newest(RegistryKind.Server, entry.Name) is null)).Select(entry => entry.As<ServerBody>());

    /// <summary>Whether another HTTP endpoint is registered further down the path.</summary>
    private static bool IsNearer(ServerBody other, EndpointUri at, EndpointUri asked) =>
        other.Settings.Protocol == ServerProtocol.Http && EndpointUri.Read(other.Address.AbsoluteUri).Uri is { } below && below.Base.Length > at.Base.Length && below.MayHold(asked);

    private static StageResult<string> Server(List<(string Name, ServerBody Body, EndpointUri At)> found, string tool, JsonValue arguments, EndpointUri endpoint)
    {
        if (found.Count == 0) return Nothing(endpoint);
        var fitting = found.Where(one => Fits(one.Body, arguments)).ToList();
        return fitting.Count switch
        {
            0 => Mismatched,
            1 => $"{fitting[0].Name}/{tool}",
            _ => new Refusal(ResolveStage.Name, "endpoint-ambiguous", 409, $"{string.Join(", ", fitting.Select(one => one.Name))} are registered there; name the one that is meant by its credential, or call its tool."),
        };
    }

    /// <summary>The registered endpoints that the URL lies below, those with the longest path.</summary>
    private static List<(string Name, ServerBody Body, EndpointUri At)> Below(EndpointUri endpoint, RegistrySnapshot registry)
    {
        var holding = Servers(registry, ServerProtocol.Http).Where(one => one.At.Holds(endpoint)).ToList();
        return [.. holding.Where(one => one.At.Base.Length == holding.Max(other => other.At.Base.Length))];
    }

    private static StageResult<string> Agent(EndpointUri endpoint, RegistrySnapshot registry)
    {
        var found = registry.OfKind(RegistryKind.Agent).Where(entry => entry.Lifecycle == Lifecycle.Active && entry.As<AgentBody>() is { Settings.Protocol: AgentProtocol.A2a, Address: { } address } && EndpointUri.Read(address.AbsoluteUri).Uri is { } at && IsAt(at, endpoint))
            .Select(entry => entry.Name).Distinct().Order(StringComparer.Ordinal).ToList();
        return found switch
        {
            [] => Nothing(endpoint),
            [var name] => name,
            _ => new Refusal(ResolveStage.Name, "endpoint-ambiguous", 409, $"The agents {string.Join(", ", found)} are registered there; call the one that is meant by its name, with call: agent."),
        };
    }

    /// <summary>An agent is named by its address, or by where its card is: below that, or at the root.</summary>
    private static bool IsAt(EndpointUri agent, EndpointUri asked) =>
        agent.Origin == asked.Origin && (agent.Base == asked.Base || asked.Path == agent.Base + Card || asked.Path == Card);

    private static IEnumerable<(string Name, ServerBody Body, EndpointUri At)> Servers(RegistrySnapshot registry, ServerProtocol protocol)
    {
        foreach (var name in registry.OfKind(RegistryKind.Server).Select(entry => entry.Name).Distinct().Order(StringComparer.Ordinal))
        {
            if (registry.Newest(RegistryKind.Server, name)?.As<ServerBody>() is { } body && body.Settings.Protocol == protocol && EndpointUri.Read(body.Address.AbsoluteUri).Uri is { } at)
                yield return (name, body, at);
        }
    }

    /// <summary>Whether the credential that the arguments name is the one that is registered; without one, any is.</summary>
    private static bool Fits(ServerBody server, JsonValue arguments) => arguments[HttpArguments.Credential] is not { } named || named.StringOrNull() is { } secret && secret == server.Settings.Auth switch
    {
        UpstreamAuth.ApiKey key => key.Secret,
        UpstreamAuth.ClientCredentials client => client.Secret,
        UpstreamAuth.OnBehalfOf exchange => exchange.Secret,
        _ => null,
    };

    private static Refusal Nothing(EndpointUri endpoint) =>
        new(ResolveStage.Name, Unregistered, 403, $"Nothing is registered at {Excerpt.Of(endpoint.Origin + endpoint.Path, 200)}; an administrator registers what may be called.");

    private static Refusal Mismatched { get; } =
        new(ResolveStage.Name, Mismatch, 403, "The endpoint is registered with other credentials than the ones that the document names, or with none.");
}
