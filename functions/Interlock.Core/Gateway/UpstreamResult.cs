using Interlock.Core.Agents;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>What came of a call: a closed family by how sure we are of what happened.</summary>
public abstract record UpstreamResult
{
    private UpstreamResult()
    {
    }

    /// <summary>How long the upstream wants to be left alone, where it says so.</summary>
    internal TimeSpan? Rest => this switch
    {
        Rejected rejected => rejected.RetryAfter,
        Unknown unknown => unknown.RetryAfter,
        _ => null,
    };

    /// <summary>
    /// The upstream answered. MCP: <c>structuredContent</c> when present, else the string of a single text block, else the content array.
    /// A2A: the first data part, else the text parts joined by newlines. <see cref="IsError"/>: the tool says it failed.
    /// </summary>
    public sealed record Completed(JsonValue Output, bool IsError) : UpstreamResult
    {
        /// <summary>The whole result as it is relayed to MCP clients, without what belongs to one hop (<c>resultType</c>, the protocol's own <c>_meta</c>); null where the output is all.</summary>
        public JsonValue? Result { get; init; }

        /// <summary>With an error: how the protocol tells it, as HTTP does by its status; null where the output is all that is said.</summary>
        public Problem? Problem { get; init; }

        /// <summary>Of a model's turn: what it used.</summary>
        public ModelUse? Use { get; init; }
    }

    /// <summary>It has not been done: the upstream asks the caller for something first. Only for calls whose link has capabilities.</summary>
    public sealed record InputRequired(JsonValue? Requests, string? State) : UpstreamResult;

    /// <summary>It goes on at the upstream under this handle; ask again after a while.</summary>
    public sealed record Handed(string Task, TimeSpan PollAfter) : UpstreamResult
    {
        /// <summary>The address that has the task; null is the one of the call's endpoint.</summary>
        public Uri? At { get; init; }
    }

    /// <summary>Certain that the request never left: refused by egress, connection refused, DNS, TLS, no session.</summary>
    public sealed record NotSent(Problem Problem) : UpstreamResult
    {
        /// <summary>Whether it is the same at every address and time, as a refused egress or a missing secret is.</summary>
        public bool IsFinal { get; init; }
    }

    /// <summary>It may have happened: connection lost after sending, deadline, 5xx, an answer that makes no sense.</summary>
    public sealed record Unknown(Problem Problem) : UpstreamResult
    {
        /// <summary>Set where it says that it has no time now, and not whether it began (HTTP 503 with the header).</summary>
        public TimeSpan? RetryAfter { get; init; }
    }

    /// <summary>The upstream answered that it did not do it: unknown tool, invalid params, 4xx.</summary>
    public sealed record Rejected(Problem Problem) : UpstreamResult
    {
        /// <summary>Set where it only has no time now (HTTP 429): how long it wants to be left alone.</summary>
        public TimeSpan? RetryAfter { get; init; }
    }
}
