using System.Diagnostics;
using Interlock.Core.Gateway;

namespace Interlock.Core.Telemetry;

/// <summary>One call from asking to answer. The span goes on the trace that came with the call; it has names and ids, and nothing that was sent or answered.</summary>
internal sealed class CallSpan : IDisposable
{
    private readonly long _since = Stopwatch.GetTimestamp();
    private readonly Activity? _activity;

    public CallSpan(GatewayCall call)
    {
        GatewayMetrics.Began();
        var parent = ActivityContext.TryParse(call.TraceParent, null, isRemote: true, out var context) ? context : default;
        if (parent == default && Activity.Current is { Recorded: false }) Activity.Current = null; // samplers follow the parent, and nobody records this one: a web server's for its log
        _activity = GatewayMetrics.Source.StartActivity("interlock.call", ActivityKind.Server, parent);
        if (_activity is not { IsAllDataRequested: true }) return;
        _activity.SetTag("interlock.tenant", call.Tenant.Value);
        _activity.SetTag("interlock.effect", call.Effect.Value);
        if (call.Site is { } site) _activity.SetTag("interlock.run", site.Run.Value);
    }

    public GatewayResult? Result { get; set; }

    /// <summary>The target, once it is known to be registered.</summary>
    public RoutedCall? Routed
    {
        private get;
        set
        {
            field = value;
            _activity?.SetTag("interlock.target", value?.Entry.Name);
        }
    }

    public string Server => Routed is null ? "" : GatewayMetrics.Server(Routed.Entry);

    public void Dispose()
    {
        GatewayMetrics.Ended(Result, Server, Stopwatch.GetElapsedTime(_since).TotalSeconds);
        if (_activity is null) return;
        _activity.SetTag("interlock.outcome", GatewayMetrics.Outcome(Result));
        if (Result is GatewayResult.Refused { Refusal: var refusal }) _activity.SetTag("interlock.stage", refusal.Stage).SetTag("interlock.rule", refusal.Rule);
        if (Result is not (GatewayResult.Completed or GatewayResult.InputRequired or GatewayResult.UnderWay)) _activity.SetStatus(ActivityStatusCode.Error);
        _activity.Dispose();
    }
}
