using Interlock.Core.Telemetry;

namespace Interlock.Core.Gateway.Stages;

/// <summary>Invoke: the only code that goes through the upstream port.</summary>
internal sealed class InvokeStage(IUpstream upstream)
{
    public const string Name = "invoke";

    public Task<UpstreamResult> RunAsync(CommittedCall committed, CancellationToken cancellationToken)
    {
        var (call, contract) = (committed.Authorized.Call, committed.Authorized.Routed.Contract);
        return upstream.InvokeAsync(
            new UpstreamCall(contract.Endpoint, contract.WireName, committed.Authorized.Frozen.Bytes, call.IdempotencyKey ?? call.Effect.Value, call.Deadline, StageSpan.Outgoing(call.TraceParent))
            {
                Link = committed.Link,
                Subject = call.Chain.Starter.Subject,
                Task = committed.Row.Handle?.Task,
            },
            cancellationToken);
    }

    /// <summary>Asks after a call that goes on, or tells it to stop, by this deadline. Nothing is called.</summary>
    public Task<UpstreamResult> AskAsync(GatewayCall call, CallContract contract, LedgerHandle handle, DateTimeOffset deadline, bool stop, CancellationToken cancellationToken)
    {
        var endpoint = handle.At is { } at ? contract.Endpoint with { Address = at } : contract.Endpoint;
        return upstream.InvokeAsync(
            new UpstreamCall(endpoint, contract.WireName, "{}"u8.ToArray(), call.IdempotencyKey ?? call.Effect.Value, deadline, StageSpan.Outgoing(call.TraceParent))
            {
                Link = call.Link?.WithoutAnswers(),
                Subject = call.Chain.Starter.Subject,
                Task = handle.Task,
                Stop = stop,
            },
            cancellationToken);
    }
}
