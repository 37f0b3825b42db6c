namespace Interlock.Core.Gateway;

/// <summary>
/// The only door to a tool or an agent; only the gateway's invoke stage goes through it. One call sends the request at most
/// once and never throws for what the upstream or the network does: the result says how sure it is of what happened.
/// Cancelling or passing <see cref="UpstreamCall.Deadline"/> asks the upstream to stop and gives <see cref="UpstreamResult.NotSent"/>
/// or <see cref="UpstreamResult.Unknown"/>.
/// </summary>
public interface IUpstream
{
    Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct);
}
