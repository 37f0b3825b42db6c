using Interlock.Core.Registry;
using Interlock.Core.Telemetry;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>One address of one registration: its circuit, its places, its health, and what went wrong there last.</summary>
internal sealed class UpstreamRoute(Uri address, ResilienceSettings settings, TimeProvider time, Action<CircuitChange> moved)
{
    private const int MaxText = 500;

    private readonly Breaker _breaker = new(settings, time);
    private readonly Bulkhead _places = new(settings.MaxConcurrent, settings.MaxQueued, time);
    private RouteFailure? _lastFailure;
    private long _restsUntil;
    private CircuitPhase _told = CircuitPhase.Closed;
    private bool _isOpen;

    public Uri Address => address;

    public HealthRecord Health { get; } = new(TimeSpan.FromSeconds(settings.HealthSeconds), time);

    public bool TakesCalls => !Health.IsDown && _breaker.TakesCalls;

    /// <summary>Whether it asked to be left alone for a while.</summary>
    public bool Rests => time.GetUtcNow().UtcTicks < Volatile.Read(ref _restsUntil);

    public int Outstanding => _places.Taken + _places.Queued;

    /// <summary>How long it takes no calls, as far as that is known.</summary>
    public TimeSpan Wait => Health.IsDown ? TimeSpan.FromSeconds(settings.HealthSeconds) : _breaker.Wait;

    public RouteState State => new(address, Health.CheckedAt is null ? null : !Health.IsDown, Health.CheckedAt, _breaker.Phase, _places.Taken, _places.Queued, Volatile.Read(ref _lastFailure));

    /// <summary>Takes a place and passes the circuit; null with <see cref="BulkheadEntry.Entered"/> when the circuit opened meanwhile, or the call has too little time to try it out.</summary>
    public async Task<(BulkheadEntry Entry, RoutePass? Pass)> EnterAsync(RouteChoice choice, CancellationToken cancellationToken)
    {
        var entry = await _places.EnterAsync(choice.Deadline, cancellationToken);
        return (entry, entry == BulkheadEntry.Entered ? Pass(choice) : null);
    }

    /// <summary>The same where nothing has to be waited for.</summary>
    public RoutePass? TryEnter(RouteChoice choice) => TakesCalls && _places.TryEnter() ? Pass(choice) : null;

    public void Leave() => _places.Leave();

    /// <summary>Takes a place for a call that goes on there already.</summary>
    public void Force() => _places.Force();

    /// <summary>What went wrong at a call or a check; how long it wants to be left alone.</summary>
    public void Failed(Problem problem, TimeSpan? rest = null)
    {
        Volatile.Write(ref _lastFailure, new(time.GetUtcNow(), problem.Title, problem.Detail is { } detail ? Excerpt.Of(detail, MaxText) : null));
        if (rest is not null) Volatile.Write(ref _restsUntil, (time.GetUtcNow() + rest.Value).UtcTicks);
    }

    /// <summary>Says it where the circuit stands otherwise than it was last said to.</summary>
    public void Tell(string server)
    {
        var phase = _breaker.Phase;
        var told = _told;
        if (phase == told || Interlocked.CompareExchange(ref _told, phase, told) != told) return;
        GatewayMetrics.Circuit(server, GatewayMetrics.Address(address), phase);
        if (phase != CircuitPhase.HalfOpen && (phase == CircuitPhase.Open) != Volatile.Read(ref _isOpen))
        {
            Volatile.Write(ref _isOpen, phase == CircuitPhase.Open);
            moved(new CircuitChange(server, UpstreamAddress.Shown(address), phase));
        }
    }

    private RoutePass? Pass(RouteChoice choice)
    {
        if (_breaker.Enter(Verdicts.IsFair(choice.Deadline - time.GetUtcNow())) is { } pass)
        {
            Tell(choice.Server);
            return new RoutePass(this, pass, choice.Server, time);
        }
        _places.Leave();
        return null;
    }
}
