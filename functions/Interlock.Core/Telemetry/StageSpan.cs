using System.Diagnostics;

namespace Interlock.Core.Telemetry;

/// <summary>The time that a call spends in one stage, as a span where somebody records the trace and in the histogram. Disposing ends it, once.</summary>
internal sealed class StageSpan : IDisposable
{
    private readonly Activity? _activity;
    private readonly string _stage;
    private long _since;

    private StageSpan(string stage, ActivityKind kind) =>
        (_stage, _activity, _since) = (stage, GatewayMetrics.Source.StartActivity("interlock." + stage, kind), GatewayMetrics.TimesStages ? Stopwatch.GetTimestamp() : 0);

    public static StageSpan Of(string stage, ActivityKind kind = ActivityKind.Internal) => new(stage, kind);

    /// <summary>The context that goes on to an upstream: the span's that is open here, or what came with the call where nobody records.</summary>
    public static string? Outgoing(string? incoming) => Activity.Current is { Id: { } id, IdFormat: ActivityIdFormat.W3C } current && current.Source == GatewayMetrics.Source ? id : incoming;

    public void Dispose()
    {
        if (_since != 0) GatewayMetrics.Staged(_stage, Stopwatch.GetElapsedTime(_since).TotalSeconds);
        _since = 0;
        _activity?.Dispose();
    }
}
