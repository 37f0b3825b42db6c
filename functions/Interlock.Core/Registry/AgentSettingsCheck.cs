using Interlock.Core.Agents;

namespace Interlock.Core.Registry;

/// <summary>Whether an agent can be registered with settings, wherever they come from. What is wrong comes back with the JSON pointer of it.</summary>
internal static class AgentSettingsCheck
{
    /// <summary>What is wrong by itself, or null.</summary>
    public static Problem? Check(AgentSettings settings, Uri? address, string pointer)
    {
        if (AgentSettingsSchema.Compiled.Validate(AgentSettingsJson.Write(settings)) is [var first, ..]) return SettingsCheck.Invalid(pointer + first.InstanceLocation, first.Message);
        return Address(settings.Protocol, address) ?? settings.Protocol switch
        {
            AgentProtocol.Chat => Chat(settings, pointer),
            AgentProtocol.Mcp => Mcp(settings, pointer),
            _ => A2a(settings, pointer),
        };
    }

    private static Problem? Address(AgentProtocol protocol, Uri? address)
    {
        const string Place = "/address";
        if (protocol == AgentProtocol.Mcp) return address is null ? null : SettingsCheck.Invalid(Place, "An MCP agent is where its tool's server is; it is registered without an address.");
        if (address is null) return SettingsCheck.Invalid(Place, "The agent is registered with its address.");
        if (UpstreamAddress.Check(address, Place) is { } unfit) return unfit;
        return protocol == AgentProtocol.Chat && address.Fragment.Length > 0 ? SettingsCheck.Invalid(Place, "The address of a chat endpoint has no fragment.") : null;
    }

    private static Problem? Chat(AgentSettings settings, string pointer)
    {
        if (settings.Model is null) return SettingsCheck.Invalid(pointer + "/model", "A chat agent is registered with the model that its endpoint is asked for.");
        if (settings.Tool is not null) return Foreign(pointer + "/tool", "mcp");
        if (settings.Auth is UpstreamAuth.OnBehalfOf) return SettingsCheck.Invalid(pointer + "/auth", "A model is asked by runs, which have no caller's token to exchange; use another credential.");
        return SettingsCheck.Auth(settings.Auth, pointer + "/auth");
    }

    private static Problem? Mcp(AgentSettings settings, string pointer)
    {
        if (settings.Tool is null) return SettingsCheck.Invalid(pointer + "/tool", "An MCP agent is registered with its tool, server/tool.");
        if (settings.Auth is not null) return SettingsCheck.Invalid(pointer + "/auth", "An MCP agent is called with the credential of its tool's server.");
        return Loop(settings, pointer);
    }

    private static Problem? A2a(AgentSettings settings, string pointer) =>
        settings.Tool is not null ? Foreign(pointer + "/tool", "mcp") : Loop(settings, pointer) ?? SettingsCheck.Auth(settings.Auth, pointer + "/auth");

    /// <summary>What only says something of a loop that is ours.</summary>
    private static Problem? Loop(AgentSettings settings, string pointer) => settings switch
    {
        { Model: not null } => Foreign(pointer + "/model", "chat"),
        { Instructions: not null } => Foreign(pointer + "/instructions", "chat"),
        { Prices: not null } => Foreign(pointer + "/prices", "chat"),
        { MaxOutputTokens: not null } => Foreign(pointer + "/maxOutputTokens", "chat"),
        _ when settings.Context != ContextPolicy.Default => Foreign(pointer + "/context", "chat"),
        _ => null,
    };

    private static Problem Foreign(string pointer, string protocol) => SettingsCheck.Invalid(pointer, $"Only agents of the protocol {protocol} have it.");
}
