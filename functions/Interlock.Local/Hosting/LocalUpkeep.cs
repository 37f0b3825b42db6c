using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Intake.Events;
using Interlock.Core.Intake.Schedules;
using Interlock.Core.Notices;
using Interlock.Core.Registry;
using Interlock.Core.Upkeep;
using Interlock.Http.Audit;
using Interlock.Http.Events;
using Interlock.Http.Notices;
using Interlock.Http.Upstreams;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Hosting;

/// <summary>What the embedded host does now and then, asked for by nobody: it refreshes contracts, checks the health of servers, delivers what is left of events, starts what is scheduled, closes clients' gates whose time is over, finishes and forgets what nobody else does, and tells people of gates with links to an address.</summary>
internal sealed class LocalUpkeep : IAsyncDisposable
{
    private static readonly TenantId Tenant = new(LocalOptions.Tenant);
    private static readonly TimeSpan NoticeInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EventInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ListenerInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ArchiveInterval = TimeSpan.FromMinutes(5);

    private readonly NoticeSender _sender;
    private readonly UpkeepLoop _refresh;
    private readonly ContractWatch _watch;
    private readonly UpkeepLoop _watching;
    private readonly UpkeepLoop _notices;
    private readonly UpkeepLoop _expiry;
    private readonly UpkeepLoop _health;
    private readonly UpkeepLoop _housekeeping;
    private readonly UpkeepLoop _events;
    private readonly UpkeepLoop _listeners;
    private readonly UpkeepLoop _schedules;
    private readonly UpkeepLoop? _archive;

    /// <param name="services">The host.</param>
    /// <param name="origin">The address people use.</param>
    /// <param name="archive">Where finished chains and checkpoints of the audit go; null for nowhere.</param>
    /// <param name="loggers">Where what fails is said.</param>
    public LocalUpkeep(LocalServices services, Uri origin, AuditArchive? archive, ILoggerFactory loggers)
    {
        _sender = services.SenderFor(origin);
        var delivery = services.DeliveryBy(_sender);
        var (logger, refreshes, notices) = (loggers.CreateLogger<UpkeepLoop>(), loggers.CreateLogger<ContractRefresh>(), loggers.CreateLogger<NoticeDelivery>());
        _refresh = new UpkeepLoop(
            "The refresh of contracts", ContractRefresh.Interval, async stop => RefreshLog.Write(refreshes, await services.Refresh.RunAsync(Tenant, stop)), services.Time, logger);
        _watch = new ContractWatch(services.Refresh, services.Watch, (pass, error) => RefreshLog.Write(refreshes, pass, error), services.Time);
        _watching = new UpkeepLoop("The listening to servers", WatchInterval, stop => _watch.RunAsync(Tenant, stop), services.Time, logger);
        _notices = new UpkeepLoop("The delivery of notices", NoticeInterval, async stop => NoticeLog.Write(notices, await delivery.RunAsync(Tenant, stop)), services.Time, logger);
        _health = new UpkeepLoop("The health checks", HealthChecks.Interval, stop => services.Health.RunAsync(Tenant, stop), services.Time, logger);
        _housekeeping = new UpkeepLoop("The housekeeping", Housekeeping.Interval, stop => services.Housekeeping.RunAsync(Tenant, stop), services.Time, logger);
        var events = loggers.CreateLogger<EventDelivery>();
        _events = new UpkeepLoop("The delivery of events", EventInterval, stop => services.GoOnAsync(events, all: false, stop), services.Time, logger);
        _listeners = new UpkeepLoop("The removal of listeners", ListenerInterval, stop => services.Intake.SweepAsync(Tenant, stop), services.Time, logger);
        var schedules = loggers.CreateLogger<ScheduleKeeper>();
        _schedules = new UpkeepLoop("The schedules", EventInterval, async stop => ScheduleLog.Write(schedules, await services.Schedules.RunAsync(Tenant, stop)), services.Time, logger);
        var archived = loggers.CreateLogger<AuditArchive>();
        if (archive is not null) _archive = new UpkeepLoop("The archive of the audit", ArchiveInterval, async stop => ArchiveLog.Write(archived, await archive.RunAsync(Tenant, stop)), services.Time, logger);
        _expiry = new UpkeepLoop("The closing of clients' gates", ExpiryInterval, stop => services.AdHoc.CloseExpiredAsync(Tenant, stop), services.Time, logger);
    }

    public async ValueTask DisposeAsync()
    {
        await _notices.DisposeAsync();
        await _refresh.DisposeAsync();
        await _watching.DisposeAsync();
        _watch.Dispose();
        await _expiry.DisposeAsync();
        await _health.DisposeAsync();
        await _housekeeping.DisposeAsync();
        await _events.DisposeAsync();
        await _listeners.DisposeAsync();
        await _schedules.DisposeAsync();
        if (_archive is not null) await _archive.DisposeAsync();
        _sender.Dispose();
    }
}
