using Interlock.Core.Audit;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Stages;

/// <summary>
/// Follow: a call that goes on at its upstream is asked after until it has ended. A client waits for that here; of a run's call it is said when to ask again, and nothing
/// is held meanwhile. At the deadline, and when nobody waits any more, the upstream is asked to stop it; unless it had ended by then its outcome is unknown.
/// </summary>
internal sealed class FollowStage(RegistryStore registries, InvokeStage invoke, SettleStage settle, UpstreamRoutes routes, TimeProvider time)
{
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    /// <summary>The call as it ended or, of a run, as it goes on; null when somebody else changed the row.</summary>
    public async Task<SettledCall?> RunAsync(AuditChain chain, GatewayCall call, LedgerRow row, string etag, CancellationToken cancellationToken)
    {
        while (true)
        {
            var isLeft = call.IsAbandoned || (call.HasClient && cancellationToken.IsCancellationRequested);
            if (await LookAsync(chain, call, row, etag, isLeft, cancellationToken) is not var (followed, written) || written is null) return null;
            if (followed.State != LedgerState.Intended || !call.HasClient) return new SettledCall(followed, written);
            (row, etag) = (followed, written);
            await WaitAsync(row.Handle!.PollAt < call.Deadline ? row.Handle.PollAt : call.Deadline, cancellationToken); // it goes on under one
        }
    }

    /// <summary>The call as it stands: asked after when that is due. Null when somebody else changed the row.</summary>
    public async Task<SettledCall?> LookAsync(AuditChain chain, GatewayCall call, LedgerRow row, string etag, bool isLeft, CancellationToken cancellationToken)
    {
        var (handle, now) = (row.Handle!, time.GetUtcNow()); // only such calls are followed
        var stop = isLeft || call.Deadline <= now;
        if (!stop && now < handle.PollAt) return new SettledCall(row, etag);
        if (Contract(call, row, handle, await registries.ReadAsync(call.Tenant, CancellationToken.None)) is not { } contract)
        {
            routes.Release(call);
            return await settle.FollowedAsync(chain, call, null, row, etag, Lost("Its registration is active no more, so that nobody can ask how it ended."));
        }
        var result = stop ? await StopAsync(call, contract, handle) : await AskAsync(call, contract, handle, cancellationToken);
        var followed = await settle.FollowedAsync(chain, call, contract, row, etag, result);
        if (followed?.Row is { State: LedgerState.Intended, Handle: { } goesOn }) routes.Hold(call, contract, goesOn, kept: null);
        else routes.Release(call);
        return followed;
    }

    /// <summary>What nobody may ask the upstream, as where only its caller's token would let one, is said: the call may still be going on.</summary>
    private async Task<UpstreamResult> StopAsync(GatewayCall call, CallContract contract, LedgerHandle handle) =>
        await invoke.AskAsync(call, contract, handle, time.GetUtcNow() + StopPatience, stop: true, CancellationToken.None) switch
        {
            UpstreamResult.Completed ended => ended,
            UpstreamResult.NotSent { IsFinal: true, Problem: var why } => Lost($"It went on at its upstream until its deadline, and could neither be asked how it ended nor told to stop: {why.Detail ?? why.Title}", why.Rule),
            _ => Lost("It went on at its upstream until nobody waited for it any more, and was asked to stop."),
        };

    /// <summary>An answer that says nothing of the call is none: it is asked after again.</summary>
    private async Task<UpstreamResult> AskAsync(GatewayCall call, CallContract contract, LedgerHandle handle, CancellationToken cancellationToken)
    {
        var patience = time.GetUtcNow() + AskPatience;
        var said = await invoke.AskAsync(call, contract, handle, patience < call.Deadline ? patience : call.Deadline, stop: false, cancellationToken);
        switch (said)
        {
            case UpstreamResult.Completed or UpstreamResult.Handed { Task.Length: > 0 and <= LedgerHandle.MaxTaskLength }:
                return said;
            case UpstreamResult.InputRequired when call.Link?.Capabilities is null:
                await StopAsync(call, contract, handle);
                return new UpstreamResult.InputRequired(null, null);
            case UpstreamResult.InputRequired asked:
                return asked;
            case UpstreamResult.Rejected { RetryAfter: null } rejected:
                return new UpstreamResult.Unknown(rejected.Problem);
            default:
                return new UpstreamResult.Handed(handle.Task, said.Rest ?? TimeSpan.Zero);
        }
    }

    /// <summary>The contract it was made under, while its registration may be talked to.</summary>
    private static CallContract? Contract(GatewayCall call, LedgerRow row, LedgerHandle handle, RegistrySnapshot registry)
    {
        if (!handle.Name.Contains('/')) // an agent of its own; tools are named server/tool
        {
            return registry.Find(RegistryKind.Agent, handle.Name, handle.Version) is { } known && IsInUse(known) && known.As<AgentBody>() is var agent && agent.RegistrationId == row.Registration
                ? CallContract.Of(call, handle.Name, agent)
                : null;
        }
        var slash = handle.Name.IndexOf('/');
        if (registry.Find(RegistryKind.Tool, handle.Name, handle.Version) is not { } tool) return null;
        var server = registry.OfKind(RegistryKind.Server).Where(entry => entry.Name == handle.Name[..slash] && IsInUse(entry)).Select(entry => entry.As<ServerBody>()).FirstOrDefault(body => body.RegistrationId == row.Registration);
        return server is null ? null : CallContract.Of(call.Tenant, handle.Name[(slash + 1)..], tool.As<ToolBody>(), server);
    }

    private static bool IsInUse(RegistryEntry entry) => entry.Lifecycle is Lifecycle.Active or Lifecycle.Deprecated;

    private static UpstreamResult.Unknown Lost(string why, string? rule = null) => new(new Problem(ProblemTypes.InDoubt, 504, "The call's outcome is unknown", why) { Rule = rule });

    private async Task WaitAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        if (until - time.GetUtcNow() is not { Ticks: > 0 } left) return;
        // Timers count whole milliseconds; rounding down would wake before the time and spin.
        await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), time, cancellationToken).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
