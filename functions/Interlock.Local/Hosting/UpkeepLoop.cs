using Microsoft.Extensions.Logging;

namespace Interlock.Local.Hosting;

/// <summary>Does one thing again and again, an interval after it began and after each time it was done, until it is disposed. A pass that fails is logged, and the next one comes.</summary>
internal sealed partial class UpkeepLoop : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public UpkeepLoop(string what, TimeSpan interval, Func<CancellationToken, Task> pass, TimeProvider time, ILogger<UpkeepLoop> logger) =>
        _running = RunAsync(what, interval, pass, time, logger, _stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static async Task RunAsync(string what, TimeSpan interval, Func<CancellationToken, Task> pass, TimeProvider time, ILogger logger, CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(interval, time, stop);
            try
            {
                await pass(stop);
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                Log.Broken(logger, e, what);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{What} failed; it is tried again")]
        public static partial void Broken(ILogger logger, Exception e, string what);
    }
}
