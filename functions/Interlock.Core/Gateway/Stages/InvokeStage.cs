using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Gateway.Results;
using Interlock.Core.Telemetry;

namespace Interlock.Core.Gateway.Stages;

/// <summary>
/// Invoke: the only code that goes through the upstream port. What certainly did not happen is sent again within the attempt, at another address at once or
/// after a pause, as long as the call would pass the fence again: the retries of its server at most, never past the deadline.
/// </summary>
internal sealed class InvokeStage(IUpstream upstream, IUpstream builtin, UpstreamRoutes routes, CommitStage fence, RunTokens? tokens, RetryPause pauses)
{
    public const string Name = "invoke";

    public async Task<Answer> RunAsync(CommittedCall committed, RoutePass first, CancellationToken cancellationToken)
    {
        var (authorized, contract) = (committed.Authorized, committed.Authorized.Routed.Contract);
        var (set, choice) = (routes.Of(authorized.Call, contract), RouteChoice.Of(authorized, committed.Row));
        var (pass, tried) = (first, new HashSet<Uri>());
        for (var repeats = 0; ;)
        {
            var answer = new Answer(await pass.SendAsync(Request(committed), call => SendAsync(authorized.Call.Kind, contract, call, cancellationToken)), pass.Address);
            if (answer.Result is UpstreamResult.Handed handed) return answer with { Result = handed with { At = handed.At ?? pass.Address }, Kept = pass.Route };
            if (!IsUntaken(answer.Result, out var asked) || cancellationToken.IsCancellationRequested) return answer;
            tried.Add(pass.Address);
            var next = set.TryOther(choice, tried);
            if (next is null)
            {
                if (repeats == contract.Server.Resilience.Retries || !await pauses.WaitAsync(repeats++, asked, choice.Deadline, cancellationToken)) return answer;
                tried.Clear();
                next = await EnterAsync(set, choice, cancellationToken);
            }
            if (next is null) return answer;
            if (!await StandsAsync(committed, cancellationToken))
            {
                await next.DisposeAsync();
                return answer;
            }
            pass = next;
        }
    }

    /// <summary>Asks after a call that goes on, or tells it to stop, by this deadline. Nothing is called.</summary>
    public Task<UpstreamResult> AskAsync(GatewayCall call, CallContract contract, LedgerHandle handle, DateTimeOffset deadline, bool stop, CancellationToken cancellationToken)
    {
        var endpoint = handle.At is { } at ? contract.Endpoint with { Address = at } : contract.Endpoint;
        return SendAsync(
            call.Kind,
            contract,
            new UpstreamCall(endpoint, contract.WireName, "{}"u8.ToArray(), call.IdempotencyKey ?? call.Effect.Value, deadline, StageSpan.Outgoing(call.TraceParent))
            {
                Link = call.Link?.WithoutAnswers(),
                Subject = call.Chain.Starter.Subject,
                Task = handle.Task,
                Stop = stop,
            },
            cancellationToken);
    }

    private async Task<UpstreamResult> SendAsync(TargetKind kind, CallContract contract, UpstreamCall call, CancellationToken cancellationToken)
    {
        var to = call.Endpoint.Kind == UpstreamKind.Builtin ? builtin : upstream;
        var result = Taken(contract, contract.Tool.Redact.IsEmpty
            ? await to.InvokeAsync(call, cancellationToken)
            : Overheard.Of(contract, await to.InvokeAsync(call with { Link = Overheard.Of(contract, call.Link) }, cancellationToken)));
        return kind == TargetKind.Agent && tokens is not null ? tokens.Hide(result) : result;
    }

    /// <summary>Who has no time may have begun all the same: only of what may be repeated, by its operator's word, is that as good as not done.</summary>
    private static UpstreamResult Taken(CallContract contract, UpstreamResult result) =>
        contract.Tool is { Idempotent: true } or { ReadOnly: true } && result is UpstreamResult.Unknown { RetryAfter: { } rest, Problem: var problem } ? new UpstreamResult.Rejected(problem) { RetryAfter = rest } : result;

    private static UpstreamCall Request(CommittedCall committed)
    {
        var (call, contract) = (committed.Authorized.Call, committed.Authorized.Routed.Contract);
        return new UpstreamCall(contract.Endpoint, contract.WireName, committed.Authorized.Frozen.Bytes, call.IdempotencyKey ?? call.Effect.Value, call.Deadline, StageSpan.Outgoing(call.TraceParent))
        {
            Link = committed.Link,
            Locks = call.Locks,
            Run = call.Site?.Run,
            Subject = call.Chain.Starter.Subject,
            AsTask = contract.IsTask,
            Task = committed.Row.Handle?.Task,
            Access = committed.Issued.Access,
            Notify = committed.Issued.Notify,
            Resume = call.Resume,
        };
    }

    /// <summary>Whether nothing happened and something may when it is tried again.</summary>
    private static bool IsUntaken(UpstreamResult result, out TimeSpan? asked)
    {
        asked = (result as UpstreamResult.Rejected)?.RetryAfter;
        return asked is not null || result is UpstreamResult.NotSent { IsFinal: false };
    }

    private static async Task<RoutePass?> EnterAsync(RouteSet set, RouteChoice choice, CancellationToken cancellationToken)
    {
        try
        {
            return (await set.EnterAsync(choice, cancellationToken)).Value;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>A store that does not answer is no reason to lose how the call ended so far.</summary>
    private async Task<bool> StandsAsync(CommittedCall committed, CancellationToken cancellationToken)
    {
        try
        {
            return await fence.StandsAsync(committed, cancellationToken);
        }
        catch (Exception)
        {
            return false;
        }
    }
}

/// <summary>What came of a call, and which address said so.</summary>
internal sealed record Answer(UpstreamResult Result, Uri? Address)
{
    /// <summary>Where a call that goes on keeps its place.</summary>
    public UpstreamRoute? Kept { get; init; }
}
