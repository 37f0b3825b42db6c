using Interlock.Core.Agents;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Pools;
using Interlock.Json;

namespace Interlock.Core.Execution;

/// <summary>
/// Opens conversations with chat agents for runs: which version answers, what it is told, and what of the pool that is asked for the run and the agent may use at all.
/// What it answers is recorded first; asked again later it may answer otherwise, and that is recorded too.
/// </summary>
public sealed class AgentDesk(ToolGateway gateway, RegistryStore registries, PolicyCache policies, PoolReader pools, IDirectory directory, TimeProvider time)
{
    /// <summary>As many exclusions as one record names with their reasons.</summary>
    private const int MaxRecorded = 128;

    /// <summary>Whether a call of an agent is a conversation to be opened: with a chat agent, and not of a call that went out while the agent was of another kind.</summary>
    public async Task<bool> IsConversationAsync(GatewayCall call, CancellationToken cancellationToken = default)
    {
        var registry = await registries.ReadAsync(call.Tenant, cancellationToken);
        return registry.Resolve(RegistryKind.Agent, call.Target, call.Version) is Resolution.Found { Entry: var entry } && entry.As<AgentBody>().Settings.Protocol == AgentProtocol.Chat
            && await gateway.FindAsync(call, cancellationToken) is null;
    }

    /// <summary>The terms of a conversation, for a pool that a document asks for or, without one, for the agent's own.</summary>
    public async Task<StageResult<AgentTerms>> OpenAsync(GatewayCall call, PoolRequest? pool, CancellationToken cancellationToken = default)
    {
        var begun = await gateway.Conversations.BeginAsync(call, cancellationToken);
        if (begun.Refusal is { } refused) return refused;
        var (opened, registry) = (begun.Value!, begun.Value!.Routed.Registry); // no refusal, so there is a value
        var (entry, settings) = (opened.Routed.Entry, opened.Routed.Entry.As<AgentBody>().Settings);
        if (settings.Context.Summarizer is { } summarizer && NoSummarizer(registry, summarizer) is { } missing) return await gateway.Conversations.RefuseAsync(opened.Call, missing);
        var resolved = await pools.ReadAsync(pool ?? settings.Pool, registry, cancellationToken);
        var (usable, denied) = await PoolRights.DivideAsync(
            policies.Of(registry), directory, call.Chain.For(entry.Name), resolved.Members, call.Site?.Workflow.Name, time.GetUtcNow(), cancellationToken);
        var terms = new AgentTerms(entry.Name, entry.Version, settings.Model ?? "", settings.Instructions ?? "", usable, [.. resolved.Excluded, .. denied])
        {
            Limits = settings.Limits,
            Context = settings.Context,
            Prices = settings.Prices,
            MaxOutputTokens = settings.MaxOutputTokens,
        };
        return await gateway.Conversations.RecordAsync(opened, Details(terms), cancellationToken) is { } late ? late : terms;
    }

    private static Refusal? NoSummarizer(RegistrySnapshot registry, string name) => registry.Resolve(RegistryKind.Agent, name, null) switch
    {
        Resolution.Found { Entry: var entry } when entry.As<AgentBody>().Settings.Protocol == AgentProtocol.Chat => null,
        Resolution.Refused refused => new Refusal("resolve", refused.Rule == "unknown" ? "unknown-agent" : refused.Rule, refused.Status, $"Its summarizer can't be used. {refused.Detail}"),
        _ => new Refusal("resolve", "no-chat-agent", 409, $"Its summarizer '{name}' is no chat agent."),
    };

    /// <summary>What is recorded of the terms: the pool whole, by names, versions and digests; of exclusions so many.</summary>
    private static JsonValue Details(AgentTerms terms) => JsonValue.Object(
        ("model", terms.Model),
        ("pool", terms.PoolDigest),
        ("members", JsonValue.Array(terms.Pool.Select(member => JsonValue.Object(("name", member.Name), ("target", member.Target), ("version", member.Version), ("digest", member.Digest))))),
        ("excluded", JsonValue.Array(terms.Excluded.Take(MaxRecorded).Select(exclusion => JsonValue.Object(("target", exclusion.Target), ("why", Excerpt.Of(exclusion.Why, 200)))))));
}
