using Interlock.Core.Gateway.Resilience;

namespace Interlock.Core.Gateway.Stages;

/// <summary>
/// Invoke: the only code that goes through the upstream port. What certainly did not happen is sent again within the attempt, at another address at once or
/// after a pause, as long as the call would pass the fence again: the retries of its server at most, never past the deadline.
/// </summary>
internal sealed class InvokeStage(IUpstream upstream, UpstreamRoutes routes, CommitStage fence, RetryPause pauses)
{
    public async Task<Answer> RunAsync(CommittedCall committed, RoutePass first, CancellationToken cancellationToken)
    {
        var (authorized, contract) = (committed.Authorized, committed.Authorized.Routed.Contract);
        var (set, deadline) = (routes.Of(authorized.Call, contract), authorized.Call.Deadline);
        var (pass, tried) = (first, new HashSet<Uri>());
        for (var repeats = 0; ;)
        {
            var answer = new Answer(await pass.SendAsync(Request(authorized), call => upstream.InvokeAsync(call, cancellationToken)), pass.Address);
            if (!Untaken(answer.Result, out var asked) || cancellationToken.IsCancellationRequested) return answer;
            tried.Add(pass.Address);
            var next = set.TryOther(contract.Avoid, tried);
            if (next is null)
            {
                if (repeats == contract.Server.Resilience.Retries || !await pauses.WaitAsync(repeats++, asked, deadline, cancellationToken)) return answer;
                tried.Clear();
                next = await EnterAsync(set, authorized, cancellationToken);
            }
            if (next is null) return answer;
            if (!await StandsAsync(authorized, cancellationToken))
            {
                await next.DisposeAsync();
                return answer;
            }
            pass = next;
        }
    }

    private static UpstreamCall Request(AuthorizedCall authorized)
    {
        var (call, contract) = (authorized.Call, authorized.Routed.Contract);
        return new UpstreamCall(contract.Endpoint, contract.WireName, authorized.Frozen.Bytes, call.IdempotencyKey ?? call.Effect.Value, call.Deadline, call.TraceParent)
        {
            Link = call.Link,
            Subject = call.Chain.Starter.Subject,
        };
    }

    /// <summary>Whether nothing happened and something may when it is tried again.</summary>
    private static bool Untaken(UpstreamResult result, out TimeSpan? asked)
    {
        asked = (result as UpstreamResult.Rejected)?.RetryAfter;
        return asked is not null || result is UpstreamResult.NotSent { IsFinal: false };
    }

    private static async Task<RoutePass?> EnterAsync(RouteSet set, AuthorizedCall authorized, CancellationToken cancellationToken)
    {
        try
        {
            return (await set.EnterAsync(authorized.Call.Target, authorized.Routed.Contract.Avoid, authorized.Call.Deadline, cancellationToken)).Value;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>A store that does not answer is no reason to lose how the call ended so far.</summary>
    private async Task<bool> StandsAsync(AuthorizedCall authorized, CancellationToken cancellationToken)
    {
        try
        {
            return await fence.StandsAsync(authorized, cancellationToken);
        }
        catch (Exception)
        {
            return false;
        }
    }
}

/// <summary>What came of a call, and which address said so.</summary>
internal sealed record Answer(UpstreamResult Result, Uri? Address);
