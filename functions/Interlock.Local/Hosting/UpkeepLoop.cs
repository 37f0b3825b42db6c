using Microsoft.Extensions.Logging;

namespace Interlock.Local.Hosting;

/// <summary>Does something every so often, the first time after that time, until it is disposed. Doing it again after it failed is safe.</summary>
internal sealed partial class UpkeepLoop : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public UpkeepLoop(string name, TimeSpan every, Func<CancellationToken, Task> work, TimeProvider time, ILogger<UpkeepLoop> logger) => _running = RunAsync(name, every, work, time, logger, _stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static async Task RunAsync(string name, TimeSpan every, Func<CancellationToken, Task> work, TimeProvider time, ILogger logger, CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(every, time, stop);
            try
            {
                await work(stop);
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                Log.Broken(logger, e, name);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The upkeep '{Name}' failed; it is tried again")]
        public static partial void Broken(ILogger logger, Exception e, string name);
    }
}
