using System.Diagnostics;
using Interlock.Core.Telemetry;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>One call's leave to go to one address: a place there, and its circuit's consent. Used once, or given back unused.</summary>
internal sealed class RoutePass(UpstreamRoute route, Breaker.BreakerPass circuit, string server, TimeProvider time) : IAsyncDisposable
{
    private bool _isOver;
    private bool _isKept;

    public UpstreamRoute Route => route;

    public Uri Address => route.Address;

    /// <summary>Sends the call there, and reports what came of it. One that goes on there keeps its place, which is then <see cref="UpstreamRoutes.Hold"/>'s.</summary>
    public async Task<UpstreamResult> SendAsync(UpstreamCall call, Func<UpstreamCall, Task<UpstreamResult>> send)
    {
        var verdict = Verdict.Uncounted;
        var began = GatewayMetrics.TimesUpstreams ? Stopwatch.GetTimestamp() : 0;
        try
        {
            var given = call.Deadline - time.GetUtcNow();
            var result = await send(call with { Endpoint = call.Endpoint with { Address = route.Address } });
            verdict = Verdicts.Of(result, given);
            _isKept = result is UpstreamResult.Handed;
            if (verdict == Verdict.Bad && ProblemOf(result) is { } problem) route.Failed(problem, result.Rest);
            return result;
        }
        finally
        {
            if (began != 0) GatewayMetrics.Answered(server, GatewayMetrics.Address(Address), verdict, Stopwatch.GetElapsedTime(began).TotalSeconds);
            await EndAsync(verdict);
        }
    }

    public async ValueTask DisposeAsync() => await EndAsync(Verdict.Uncounted);

    private async Task EndAsync(Verdict verdict)
    {
        if (_isOver) return;
        _isOver = true;
        if (!_isKept) route.Leave();
        await circuit.ReportAsync(verdict);
        route.Tell(server);
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
