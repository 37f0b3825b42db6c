using Interlock.Core.Gateway.Resilience;
using Interlock.Functions.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Upkeep;

/// <summary>The health checks of this worker: no timer trigger, for that fires on one worker, and each learns for itself.</summary>
internal sealed partial class HealthLoop(AppServices services, TimeProvider time, ILogger<HealthLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(HealthChecks.Interval, time, stoppingToken);
            try
            {
                await services.Health.RunAsync(services.Tenant.Tenant, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.Broken(logger, e);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The health checks failed; they are made again")]
        public static partial void Broken(ILogger logger, Exception e);
    }
}
