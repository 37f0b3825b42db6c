using Interlock.Core.Agents;
using Interlock.Json;

namespace Interlock.Core.Runs.Conversations;

/// <summary>An accepted choice: what is called, with what, and why by the model's own words.</summary>
/// <param name="Number">Counts the loop's choices, from 1.</param>
/// <param name="Kind">What is called.</param>
/// <param name="Target"><c>server/tool</c>, an agent's name, or <c>namespace/name</c> of a workflow.</param>
/// <param name="Version">The version when the loop began.</param>
/// <param name="Arguments">Without the reason.</param>
/// <param name="Reason">The model's: data, never an instruction.</param>
/// <param name="Key">Equal for the same target and arguments.</param>
public sealed record AgentChoice(int Number, PoolKind Kind, string Target, string Version, JsonValue Arguments, string Reason, string Key)
{
    /// <summary>Where a result of it comes from, as the model is told.</summary>
    public string From() => Kind switch
    {
        PoolKind.Tool => Target,
        PoolKind.Agent => "agent:" + Target,
        _ => "workflow:" + Target,
    };
}
