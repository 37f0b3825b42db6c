using Interlock.Core.Gateway;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>What is registered of an agent, by its kind: of an A2A agent with the card that it shows now, of an MCP agent with a tool that is there, of a chat agent by its settings alone.</summary>
internal sealed class AgentRegistration(IUpstreamDiscovery discovery)
{
    private const int MaxCard = 128 * 1024;

    /// <summary>The body, or why there is none. Asks the agent, if it is one that can be asked.</summary>
    public async Task<(AgentBody? Body, Problem? Refusal)> BodyAsync(TenantId tenant, string registration, Uri? address, AgentSettings settings, RegistrySnapshot registry, CancellationToken cancellationToken)
    {
        var body = new AgentBody(address, registration, SettingsDigest(settings)) { Settings = settings };
        switch (settings.Protocol)
        {
            case AgentProtocol.Chat:
                return (body, null);
            case AgentProtocol.Mcp:
                return registry.Resolve(RegistryKind.Tool, settings.Tool!, null) is Resolution.Refused none // it was checked to have one
                    ? (null, SettingsCheck.Invalid("/settings/tool", none.Detail))
                    : (body, null);
            default:
                var found = await discovery.DiscoverAsync(UpstreamEndpoint.Of(tenant, body), cancellationToken);
                if (found.Failure is { } failure) return (null, failure);
                var card = found.Tools is [{ Raw: var shown }] ? shown : null;
                if (card is not null && CanonicalJson.Serialize(card).Length > MaxCard) return (null, SettingsCheck.Invalid("/address", $"The agent's card has more than {MaxCard / 1024} KiB."));
                return (body with { CardDigest = CardDigest(found), Card = card }, null);
        }
    }

    /// <summary>Whether both are the same registration but for its id; a card counts by its digest.</summary>
    public static bool IsSame(AgentBody one, AgentBody other) => Digest(one) == Digest(other);

    /// <summary>What stands for an agent's card: the digest of all that it shows.</summary>
    public static string CardDigest(DiscoveryResult found) => CanonicalJson.Digest(JsonValue.Array(found.Tools.Select(tool => JsonValue.From(tool.Digest))));

    private static string Digest(AgentBody body) => CanonicalJson.Digest(RunJson.ToValue(body with { RegistrationId = "", Card = null }));

    private static string SettingsDigest(AgentSettings settings) => CanonicalJson.Digest(AgentSettingsJson.Write(settings));
}
