using System.Net;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>What came back for a JSON-RPC request over HTTP: a closed family.</summary>
internal abstract record JsonRpcReply
{
    private JsonRpcReply()
    {
    }

    public sealed record Result(JsonValue Value) : JsonRpcReply;

    public sealed record Error(double Code, string Message, HttpStatusCode Status, JsonValue? Data = null) : JsonRpcReply
    {
        public TimeSpan? RetryAfter { get; init; }
    }

    /// <summary>A status other than 2xx without a JSON-RPC error.</summary>
    public sealed record Failed(HttpStatusCode Status) : JsonRpcReply
    {
        public TimeSpan? RetryAfter { get; init; }
    }

    /// <summary>An answer that is not one.</summary>
    public sealed record Garbled(string Why, string? Rule = null) : JsonRpcReply;
}
