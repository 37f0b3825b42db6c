using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Interlock.Core.Registry.Contracts;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Registry;

public enum RegistryKind
{
    Server,
    Tool,
    Agent,
    Workflow,
    Policy,

    /// <summary>Of several tools the one that a call goes to.</summary>
    Route,
}

/// <summary>Draft, then active, then deprecated (with a successor) or disabled; quarantined when its contract changed by itself.</summary>
public enum Lifecycle
{
    Draft,
    Active,
    Deprecated,
    Disabled,
    Quarantined,
}

/// <summary>
/// One version of a registered thing. Name, version, digest and body never change; lifecycle and successor do.
/// The body's shape is its kind's: see <see cref="ServerBody"/>, <see cref="ToolBody"/>, <see cref="AgentBody"/>, <see cref="WorkflowBody"/>, <see cref="Gateway.Routing.RouteBody"/>.
/// </summary>
public sealed record RegistryEntry(
    RegistryKind Kind, string Name, string Version, Lifecycle Lifecycle, string Digest, JsonValue Body, string ChangedBy, DateTimeOffset ChangedAt)
{
    private static readonly ConditionalWeakTable<JsonValue, object> Bodies = [];

    /// <summary>The version that calls to a deprecated one go to.</summary>
    public string? Successor { get; init; }

    /// <summary>Why it was deprecated, disabled or quarantined.</summary>
    public string? Reason { get; init; }

    /// <summary>What its server shows instead, of a tool quarantined for that: approved by its digest, or not at all.</summary>
    public ShownContract? Shown { get; init; }

    /// <summary>What was found in the contract that was last looked at: the one shown, or its own.</summary>
    public IReadOnlyList<ContractFinding>? Findings { get; init; }

    /// <summary>Of a server, the replicas that showed another contract since: none is called again before the server is registered anew.</summary>
    public ImmutableArray<Uri>? PassedOver { get; init; }

    /// <summary>The body as its kind's record, read once.</summary>
    public T As<T>()
        where T : class
    {
        if (Bodies.TryGetValue(Body, out var known) && known is T read) return read;
        var body = RunJson.FromValue<T>(Body);
        Bodies.AddOrUpdate(Body, body);
        return body;
    }

    public static RegistryEntry Create<T>(RegistryKind kind, string name, string version, Lifecycle lifecycle, T body, string by, DateTimeOffset at)
    {
        var json = RunJson.ToValue(body);
        return new(kind, name, version, lifecycle, CanonicalJson.Digest(json), json, by, at);
    }
}

/// <summary>A server of tools. <see cref="RegistrationId"/> is new with every registration, so that nothing of an old one is reused.</summary>
public sealed record ServerBody(Uri Address, string RegistrationId)
{
    public ServerSettings Settings { get; init; } = ServerSettings.None;

    /// <summary>Its instructions when it was registered, where they are short enough to be kept.</summary>
    public string? Instructions { get; init; }
}

/// <summary>
/// A tool's contract as approved. <see cref="ContractDigest"/> covers all that a model sees or that changes the wire.
/// What it does is the operator's word; the server's hints count for nothing.
/// </summary>
public sealed record ToolBody(JsonValue Contract, string ContractDigest, JsonValue InputSchema)
{
    public JsonValue? OutputSchema { get; init; }

    public ToolSettings Settings { get; init; } = ToolSettings.None;
}

/// <summary>An agent; one that is a tool has no address of its own. What stands for its card is the digest over what a model or person sees of it; of agents without a card, over their settings.</summary>
public sealed record AgentBody(Uri? Address, string RegistrationId, string CardDigest, bool Idempotent = false)
{
    public JsonValue? InputSchema { get; init; }

    /// <summary>The card as the agent published it when it was registered; null of agents that have none, and of those registered before it was kept.</summary>
    public JsonValue? Card { get; init; }

    public AgentSettings Settings { get; init; } = AgentSettings.None;
}

/// <summary>A workflow: the digest under which its document is in the blob store, and who published it.</summary>
public sealed record WorkflowBody(string DocumentDigest, string Owner)
{
    /// <summary>The digest under which the report of its publishing is beside it; null for what was published before there were any.</summary>
    public string? ReadinessDigest { get; init; }
}

/// <summary>The tenant's policy document, as YAML text.</summary>
public sealed record PolicyBody(string Text);
