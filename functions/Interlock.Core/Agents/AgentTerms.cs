using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Json;

namespace Interlock.Core.Agents;

/// <summary>
/// A chat agent as it was when its loop began: what it is told, what it may choose from, and what bounds it. Fixed for the loop and recorded; lifecycle
/// and policy are asked again at every call.
/// </summary>
/// <param name="Agent">Its name in the registry.</param>
/// <param name="Version">The version that answers.</param>
/// <param name="Model">The model that its endpoint is asked for.</param>
/// <param name="Instructions">What it is told before anything else; empty for nothing.</param>
/// <param name="Pool">All it may choose, by the name it is shown.</param>
/// <param name="Excluded">What was asked for and is not in the pool, with the reason.</param>
public sealed record AgentTerms(
    string Agent, string Version, string Model, string Instructions, ImmutableArray<PoolMember> Pool, ImmutableArray<PoolExclusion> Excluded)
{
    public AgentLimits Limits { get; init; } = AgentLimits.Default;

    public ContextPolicy Context { get; init; } = ContextPolicy.Default;

    public TokenPrices? Prices { get; init; }

    /// <summary>Output tokens that one turn may have; null leaves it to the endpoint.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>The member of that shown name; names are ordinal.</summary>
    public PoolMember? Find(string name) => Pool.FirstOrDefault(member => member.Name == name);

    /// <summary>What records name the pool by: the digest over its members.</summary>
    [JsonIgnore]
    public string PoolDigest => CanonicalJson.Digest(JsonValue.Array(Pool.Select(member => JsonValue.Array(member.Name, member.Kind.ToString(), member.Target, member.Version, member.Digest))));
}

/// <summary>What a member of a pool is.</summary>
public enum PoolKind
{
    Tool,
    Agent,
    Workflow,
}

/// <param name="Name">As the model sees it: 1 to 64 of <c>[A-Za-z0-9_-]</c>, once in a pool.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Target"><c>server/tool</c>, an agent's name, or <c>namespace/name</c> of a workflow.</param>
/// <param name="Version">The version when the loop began.</param>
/// <param name="Digest">Of its contract, card or document then.</param>
/// <param name="Description">What the model is told of it.</param>
/// <param name="InputSchema">What it takes, without the reason that every choice must give.</param>
public sealed record PoolMember(string Name, PoolKind Kind, string Target, string Version, string Digest, string Description, JsonValue InputSchema)
{
    /// <summary>Of a workflow: whether its input is the argument <c>input</c> (<see cref="Workflows.WorkflowInput"/>).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsWrapped { get; init; }

    /// <summary>What a call of it costs by itself, in millionths of the tenant's unit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Cost { get; init; }
}

/// <summary>Something asked for by name, capability or tag that the loop may not use.</summary>
public sealed record PoolExclusion(string Target, string Why);

/// <summary>What a document or an agent's registration asks to have in a pool: names (<c>server/tool</c>, <c>server/*</c>), capabilities and tags.</summary>
public sealed record PoolRequest
{
    public static PoolRequest None { get; } = new();

    /// <summary>Tools by name or pattern (<c>crm/*</c>), <c>capability:name</c> or <c>tag:name</c>.</summary>
    public ImmutableArray<string> Tools { get; init; } = [];

    /// <summary>Agents by name or <c>tag:name</c>.</summary>
    public ImmutableArray<string> Agents { get; init; } = [];

    /// <summary>Workflows by <c>namespace/name</c>.</summary>
    public ImmutableArray<string> Workflows { get; init; } = [];

    [JsonIgnore]
    public bool IsEmpty => Tools.IsEmpty && Agents.IsEmpty && Workflows.IsEmpty;
}
