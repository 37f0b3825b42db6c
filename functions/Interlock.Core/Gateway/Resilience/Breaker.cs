using Interlock.Core.Registry;
using Polly;
using Polly.CircuitBreaker;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>
/// The circuit of one address, Polly's: it opens when strictly more than the set share of at least so many calls of the last minute failed, stays open for
/// the set time, and is closed or opened anew by the one call that it lets through then. A call is let in before it commits and reported when it has ended. Whose end says
/// nothing of the address leaves its turn to the next call.
/// </summary>
internal sealed class Breaker
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(1);

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<bool> _circuit;
    private readonly TimeProvider _time;
    private readonly TimeSpan _break;
    private long _openedAt;
    private BreakerPass? _vacant;

    public Breaker(ResilienceSettings settings, TimeProvider time)
    {
        (_time, _break) = (time, TimeSpan.FromSeconds(settings.BreakSeconds));
        var canOpen = settings.BreakAbove < 1; // no share is above 1
        _circuit = new ResiliencePipelineBuilder<bool> { TimeProvider = time }.AddCircuitBreaker(new CircuitBreakerStrategyOptions<bool>
        {
            // Polly opens at its ratio; ours is the last share that does not open.
            FailureRatio = canOpen ? Math.BitIncrement(settings.BreakAbove) : 1,
            MinimumThroughput = settings.BreakOver,
            SamplingDuration = Window,
            BreakDuration = _break,
            ShouldHandle = ended => ValueTask.FromResult(canOpen && ended.Outcome is { Exception: null, Result: false }),
            StateProvider = _state,
        }).Build();
    }

    public CircuitPhase Phase => _state.CircuitState switch
    {
        CircuitState.Closed => CircuitPhase.Closed,
        CircuitState.Open when Wait > TimeSpan.Zero => CircuitPhase.Open,
        _ => CircuitPhase.HalfOpen,
    };

    public bool TakesCalls => _state.CircuitState switch
    {
        CircuitState.Closed => true,
        CircuitState.Open => Wait <= TimeSpan.Zero,
        _ => Volatile.Read(ref _vacant) is not null, // else its one call is under way
    };

    /// <summary>How long it takes none, as far as that is known.</summary>
    public TimeSpan Wait
    {
        get
        {
            if (_state.CircuitState == CircuitState.Closed) return TimeSpan.Zero;
            if (_state.CircuitState == CircuitState.HalfOpen) return Volatile.Read(ref _vacant) is null ? ProbeTime : TimeSpan.Zero;
            var left = new DateTimeOffset(Volatile.Read(ref _openedAt), TimeSpan.Zero) + _break - _time.GetUtcNow();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Lets a call in, or gives null. Whatever becomes of the call is to be reported, once.</summary>
    /// <param name="canTell">Whether the call's end can say anything of the address: only such a one tries it out.</param>
    public BreakerPass? Enter(bool canTell = true)
    {
        if (!canTell && _state.CircuitState != CircuitState.Closed) return null;
        if (Volatile.Read(ref _vacant) is not null && Interlocked.Exchange(ref _vacant, null) is { } left) return left;
        var pass = new BreakerPass(this);
        pass.Start();
        return pass.IsEntered ? pass : null;
    }

    /// <summary>
    /// A call between its entry and its report. What says nothing of the address, or ends after the circuit opened, is not counted; the one call of an open circuit gives its turn back then.
    /// </summary>
    internal sealed class BreakerPass(Breaker breaker)
    {
        private readonly TaskCompletionSource<bool> _isGood = new();
        private Task _ended = Task.CompletedTask;
        private bool _isProbe;

        public bool IsEntered { get; private set; }

        public void Start() => _ended = RunAsync();

        public Task ReportAsync(Verdict verdict)
        {
            // Polly has no word for a call that is not counted: it never hears of its end, and nothing but the pass holds what waits for it.
            if (_isProbe && verdict == Verdict.Uncounted)
            {
                Volatile.Write(ref breaker._vacant, this); // Polly still waits for it, and lets nobody else in: who comes next reports in its place
                return Task.CompletedTask;
            }
            if (!_isProbe && (verdict == Verdict.Uncounted || breaker._state.CircuitState != CircuitState.Closed)) return Task.CompletedTask;
            _isGood.TrySetResult(verdict == Verdict.Good);
            return _ended;
        }

        private async Task RunAsync()
        {
            var context = ResilienceContextPool.Shared.Get();
            var wasOpen = true;
            await breaker._circuit.ExecuteOutcomeAsync(
                async (_, pass) =>
                {
                    (pass.IsEntered, pass._isProbe) = (true, breaker._state.CircuitState == CircuitState.HalfOpen);
                    var isGood = await pass._isGood.Task;
                    wasOpen = breaker._state.CircuitState == CircuitState.Open;
                    return Outcome.FromResult(isGood);
                },
                context,
                this);
            if (!wasOpen && breaker._state.CircuitState == CircuitState.Open) Volatile.Write(ref breaker._openedAt, breaker._time.GetUtcNow().UtcTicks);
            ResilienceContextPool.Shared.Return(context);
        }
    }
}
