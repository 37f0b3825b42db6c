using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Http.Upstreams;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Hosting;

/// <summary>What has to happen now and then while the embedded host serves.</summary>
internal sealed class LocalUpkeep : IAsyncDisposable
{
    private static readonly TimeSpan ExpireEvery = TimeSpan.FromMinutes(1);

    private readonly UpkeepLoop _refresh;
    private readonly UpkeepLoop _expire;

    public LocalUpkeep(LocalServices services, ILoggerFactory loggers)
    {
        var (tenant, logger) = (new TenantId(LocalOptions.Tenant), loggers.CreateLogger<UpkeepLoop>());
        _refresh = new UpkeepLoop("refresh", ContractRefresh.Interval, async stop => RefreshLog.Write(logger, await services.Refresh.RunAsync(tenant, stop)), services.Time, logger);
        _expire = new UpkeepLoop("expire", ExpireEvery, stop => services.AdHoc.CloseExpiredAsync(tenant, stop), services.Time, logger);
    }

    public async ValueTask DisposeAsync()
    {
        await _refresh.DisposeAsync();
        await _expire.DisposeAsync();
    }
}
