using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>What came of a call: a closed family by how sure we are of what happened.</summary>
public abstract record UpstreamResult
{
    private UpstreamResult()
    {
    }

    /// <summary>
    /// The upstream answered. MCP: <c>structuredContent</c> when present, else the string of a single text block, else the content array.
    /// A2A: the first data part, else the text parts joined by newlines. <see cref="IsError"/>: the tool says it failed.
    /// </summary>
    public sealed record Completed(JsonValue Output, bool IsError) : UpstreamResult;

    /// <summary>Certain that the request never left: refused by egress, connection refused, DNS, TLS, no session.</summary>
    public sealed record NotSent(Problem Problem) : UpstreamResult;

    /// <summary>It may have happened: connection lost after sending, deadline, 5xx, an answer that makes no sense.</summary>
    public sealed record Unknown(Problem Problem) : UpstreamResult;

    /// <summary>The upstream answered that it did not do it: unknown tool, invalid params, 4xx.</summary>
    public sealed record Rejected(Problem Problem) : UpstreamResult;
}
