namespace Interlock.Core.Gateway.Stages;

/// <summary>Invoke: the only code that goes through the upstream port.</summary>
internal sealed class InvokeStage(IUpstream upstream)
{
    public Task<UpstreamResult> RunAsync(CommittedCall committed, CancellationToken cancellationToken)
    {
        var (call, contract) = (committed.Authorized.Call, committed.Authorized.Routed.Contract);
        return upstream.InvokeAsync(
            new UpstreamCall(contract.Endpoint, contract.WireName, committed.Authorized.Frozen.Bytes, call.IdempotencyKey ?? call.Effect.Value, call.Deadline, call.TraceParent)
            {
                Link = call.Link,
                Subject = call.Chain.Starter.Subject,
            },
            cancellationToken);
    }
}
