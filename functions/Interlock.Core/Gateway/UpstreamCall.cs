namespace Interlock.Core.Gateway;

/// <summary>
/// One call. <see cref="Arguments"/> are the frozen canonical bytes of a JSON object: exactly these bytes are sent.
/// <see cref="IdempotencyKey"/> travels as <c>_meta["interlock/idempotencyKey"]</c> (A2A: the message id and metadata);
/// <see cref="Deadline"/> is absolute; <see cref="TraceParent"/> is W3C trace context.
/// </summary>
public sealed record UpstreamCall(
    UpstreamEndpoint Endpoint,
    string Tool,
    ReadOnlyMemory<byte> Arguments,
    string IdempotencyKey,
    DateTimeOffset Deadline,
    string? TraceParent);
