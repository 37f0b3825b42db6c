namespace Interlock.Core.Gateway.Resilience;

/// <summary>One call's leave to go to one address: a place there, and its circuit's consent. Used once, or given back unused.</summary>
internal sealed class RoutePass(UpstreamRoute route, Breaker.BreakerPass circuit, TimeProvider time) : IAsyncDisposable
{
    private bool _isOver;

    public Uri Address => route.Address;

    /// <summary>Sends the call there, and reports what came of it.</summary>
    public async Task<UpstreamResult> SendAsync(UpstreamCall call, Func<UpstreamCall, Task<UpstreamResult>> send)
    {
        var verdict = Verdict.Uncounted;
        try
        {
            var given = call.Deadline - time.GetUtcNow();
            var result = await send(call with { Endpoint = call.Endpoint with { Address = route.Address } });
            verdict = Verdicts.Of(result, given);
            if (verdict == Verdict.Bad && ProblemOf(result) is { } problem) route.Failed(problem, (result as UpstreamResult.Rejected)?.RetryAfter);
            return result;
        }
        finally
        {
            await EndAsync(verdict);
        }
    }

    public async ValueTask DisposeAsync() => await EndAsync(Verdict.Uncounted);

    private async Task EndAsync(Verdict verdict)
    {
        if (_isOver) return;
        _isOver = true;
        route.Leave();
        await circuit.ReportAsync(verdict);
    }

    private static Problem? ProblemOf(UpstreamResult result) => result switch
    {
        UpstreamResult.NotSent notSent => notSent.Problem,
        UpstreamResult.Unknown unknown => unknown.Problem,
        UpstreamResult.Rejected rejected => rejected.Problem,
        UpstreamResult.Completed completed => completed.Problem,
        _ => null,
    };
}
