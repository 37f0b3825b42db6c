using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Http.Upstreams;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Hosting;

/// <summary>Refreshes the upstreams' contracts every <see cref="ContractRefresh.Interval"/> from its start until it is disposed.</summary>
internal sealed partial class RefreshLoop : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public RefreshLoop(ContractRefresh refresh, TimeProvider time, ILogger<RefreshLoop> logger) => _running = RunAsync(refresh, time, logger, _stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static async Task RunAsync(ContractRefresh refresh, TimeProvider time, ILogger logger, CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(ContractRefresh.Interval, time, stop);
            try
            {
                RefreshLog.Write(logger, await refresh.RunAsync(new TenantId(LocalOptions.Tenant), stop));
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                Log.Broken(logger, e);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The upstreams could not be refreshed; it is tried again")]
        public static partial void Broken(ILogger logger, Exception e);
    }
}
