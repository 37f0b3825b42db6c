using Interlock.Tests.Azure.Durable;

namespace Interlock.Tests.Azure.Parity;

/// <summary>Lets simulated Durable Functions happen by itself, as the platform does: orchestrators at once, activities side by side, timers by the clock.</summary>
internal sealed class DurablePump : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly DurableSimulator _simulator;
    private readonly TimeProvider _time;
    private readonly HashSet<PendingActivity> _begun = [];
    private readonly List<Task> _running = [];
    private readonly Task _loop;

    public DurablePump(DurableSimulator simulator, TimeProvider time)
    {
        (_simulator, _time) = (simulator, time);
        _simulator.Time.Now = time.GetUtcNow();
        _loop = Task.Run(LoopAsync);
    }

    /// <exception cref="Exception">What broke the simulation.</exception>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    private async Task LoopAsync()
    {
        using var pause = new PeriodicTimer(Pause);
        while (!_stop.IsCancellationRequested)
        {
            if (_time.GetUtcNow() - _simulator.Time.Now is { Ticks: > 0 } passed) _simulator.Advance(passed);
            _simulator.RunOrchestrators();
            foreach (var activity in _simulator.Activities.Where(_begun.Add)) _running.Add(Task.Run(activity.RunAsync));
            await pause.WaitForNextTickAsync();
        }
    }
}
