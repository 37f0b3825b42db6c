using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Core.Agents;
using Interlock.Core.Runs.Conversations;
using Interlock.Json;

namespace Interlock.Core.Runs;

public abstract partial record FrameState
{
    /// <summary>
    /// A chat agent at work: turns of its model, and between them the calls that it chose, each in a frame of its own beneath (<c>calls@N</c>). Only what its model is
    /// shown again stands here; the rest is in the run's events.
    /// </summary>
    /// <param name="Terms">What it is, may choose and is bounded by.</param>
    /// <param name="Goal">What it was asked.</param>
    public sealed record Conversation(AgentTerms Terms, JsonValue Goal) : FrameState
    {
        public ConversationPhase Phase { get; init; }

        /// <summary>The turns that are shown again, the last of them with its calls under way or done.</summary>
        public ImmutableList<AgentTurn> Turns { get; init; } = [];

        public LoopCounts Counts { get; init; } = LoopCounts.None;

        /// <summary>Accepted choices that wait for a place among those under way, in the order chosen.</summary>
        public ImmutableList<AgentChoice> Waiting { get; init; } = [];

        /// <summary>What was called with what, once for each time.</summary>
        public ImmutableList<string> Chosen { get; init; } = [];

        /// <summary>Calls that people did not let through: nobody is asked about them again. Kept by the outermost agent for all beneath it.</summary>
        public ImmutableList<string> Denied { get; init; } = [];

        /// <summary>What stands for the turns that are not shown any more.</summary>
        public JsonValue? Summary { get; init; }

        /// <summary>The agent that summarises, once it was needed.</summary>
        public AgentTerms? Summarizer { get; init; }

        /// <summary>The limit that was reached; null while none was.</summary>
        public string? Exhausted { get; init; }

        /// <summary>When its time is over.</summary>
        public DateTimeOffset? EndsAt { get; init; }

        /// <summary>The gate that approved its being called, if one had to; its turns are made under it.</summary>
        public GateId? Grant { get; init; }

        /// <summary>Whether it is asked for a last answer, with nothing to choose from, when a limit is reached.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public bool AnswersAtLimit { get; init; }
    }
}
