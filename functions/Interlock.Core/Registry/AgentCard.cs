using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>
/// What of a published agent card (A2A 0.3 or 1.0) decides how its agent is called. The card itself is kept as it was published; what it says is the agent's word, and leads
/// nowhere but to the registered address.
/// </summary>
public sealed record AgentCard(string Name, string? Description, ImmutableArray<AgentInterface> Interfaces)
{
    private const string JsonRpc = "JSONRPC";

    public bool Streams { get; init; }

    public bool Notifies { get; init; }

    /// <summary>The card, or null when it is none: without a name or an address.</summary>
    public static AgentCard? Read(JsonValue card)
    {
        if (card["name"]?.StringOrNull() is not { } name) return null;
        ImmutableArray<AgentInterface> interfaces = card["supportedInterfaces"] is { IsArray: true } supported
            ? [.. supported.Items.Select(Interface).OfType<AgentInterface>()]
            : [.. Older(card)];
        if (interfaces.IsEmpty) return null;
        return new(name, card["description"]?.StringOrNull(), interfaces) { Streams = Can(card, "streaming"), Notifies = Can(card, "pushNotifications") };
    }

    /// <summary>The newest version that is spoken as JSON-RPC at that address, or null.</summary>
    public AgentInterface? At(Uri address) => Interfaces
        .Where(known => known.Binding == JsonRpc && UpstreamAddress.Shown(known.Url).TrimEnd('/') == UpstreamAddress.Shown(address).TrimEnd('/') && known.Version is AgentInterface.V1 or AgentInterface.V03)
        .MaxBy(known => known.Version == AgentInterface.V1);

    private static bool Can(JsonValue card, string what) => card["capabilities"]?[what]?.Kind == JsonKind.True;

    private static AgentInterface? Interface(JsonValue known) =>
        Uri.TryCreate(known["url"]?.StringOrNull(), UriKind.Absolute, out var url) && known["protocolBinding"]?.StringOrNull() is { } binding
            ? new(url, binding, AgentInterface.VersionOf(known["protocolVersion"]?.StringOrNull() ?? AgentInterface.V1))
            : null;

    /// <summary>A card of 0.3 names its first interface by itself and others beside it. What version it says is passed over: published agents of 0.3 say 1.0 of themselves in such a card.</summary>
    private static IEnumerable<AgentInterface> Older(JsonValue card)
    {
        if (Uri.TryCreate(card["url"]?.StringOrNull(), UriKind.Absolute, out var first)) yield return new(first, card["preferredTransport"]?.StringOrNull() ?? JsonRpc, AgentInterface.V03);
        if (card["additionalInterfaces"] is not { IsArray: true } others) yield break;
        foreach (var other in others.Items)
            if (Uri.TryCreate(other["url"]?.StringOrNull(), UriKind.Absolute, out var url) && other["transport"]?.StringOrNull() is { } transport)
                yield return new(url, transport, AgentInterface.V03);
    }
}

/// <summary>Where an agent speaks what.</summary>
public sealed record AgentInterface(Uri Url, string Binding, string Version)
{
    public const string V03 = "0.3";
    public const string V1 = "1.0";

    /// <summary>Versions before 0.3 are spoken as 0.3 is; patches change nothing on the wire.</summary>
    internal static string VersionOf(string version) => version.Split('.') switch
    {
        ["0", "2" or "3", ..] => V03,
        ["1", "0", ..] or ["1"] => V1,
        _ => version,
    };
}

/// <summary>How a registered agent is spoken to, by the card it was registered with.</summary>
public sealed record AgentDialect(string Version, bool Streams, bool Notifies)
{
    /// <summary>That of agents registered before cards were kept.</summary>
    public static AgentDialect Oldest { get; } = new(AgentInterface.V03, false, false);

    public bool IsOne => Version == AgentInterface.V1;

    public static AgentDialect Of(JsonValue? card, Uri address) =>
        card is not null && AgentCard.Read(card) is { } read && read.At(address) is { } found ? new(found.Version, read.Streams, read.Notifies) : Oldest;
}
