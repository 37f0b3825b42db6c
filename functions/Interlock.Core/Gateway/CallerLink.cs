using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>What a client that waits for its call can do meanwhile. Lives as long as its request, and is never stored or logged; runs have none.</summary>
public sealed record CallerLink
{
    /// <summary>The bearer token of the request, to be exchanged for one of an upstream's and for nothing else.</summary>
    public string? Token { get; init; }

    /// <summary>Takes the upstream's progress: the params of <c>notifications/progress</c> without its token. Null when the client did not ask for it.</summary>
    public Action<JsonValue>? Progress { get; init; }

    /// <summary>Takes what the upstream logs meanwhile, at <see cref="LogLevel"/> or graver: the params of <c>notifications/message</c>. Null when the client wants none.</summary>
    public Action<JsonValue>? Log { get; init; }

    /// <summary>The least grave level that the client wants to hear of; set with <see cref="Log"/>.</summary>
    public string? LogLevel { get; init; }

    /// <summary>The client's capabilities as its request states them; null when it can't be asked for anything.</summary>
    public JsonValue? Capabilities { get; init; }

    /// <summary>The answers to an <see cref="GatewayResult.InputRequired"/>, with the upstream's own state that it named.</summary>
    public InputAnswers? Answers { get; init; }

    /// <summary>The same for what asked nothing.</summary>
    internal CallerLink WithoutAnswers() => Answers is null ? this : this with { Answers = null };
}

/// <summary>A client's answers to what an upstream asked: the <c>inputResponses</c> of 2026-07-28, and the upstream's <c>requestState</c>.</summary>
public sealed record InputAnswers(JsonValue? Responses, string? State);
