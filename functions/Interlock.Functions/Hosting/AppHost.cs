using Interlock.Functions.Edge;
using Interlock.Functions.Upkeep;
using Interlock.Http.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Hosting;

/// <summary>Puts the app's services where the worker finds them for its functions.</summary>
internal static class AppHost
{
    public static IServiceCollection AddInterlock(this IServiceCollection services)
    {
        services.AddRouting();
        // The host passes the Host header on as it came, and X-Forwarded headers as the caller wrote them: those would name the host that a request claims.
        services.Configure<ForwardedHeadersOptions>(options => options.ForwardedHeaders = ForwardedHeaders.None);
        // The host files what a function logs under the function's name, so host.json can't tell these apart from the app's own.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("ModelContextProtocol", LogLevel.Warning));
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new AppServices(
            provider.GetRequiredService<IConfiguration>(), PlatformEnvironment.Current, provider.GetRequiredService<ILoggerFactory>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Tenant);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Scheduler);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Driver);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Reconciler);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().AdHoc);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Archive);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Refresh);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Watch);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Notices);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Intake);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().EventSource);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Schedules);
        services.AddSingleton(provider => provider.GetRequiredService<AppServices>().Housekeeping);
        services.AddSingleton(provider => new WebPipeline(provider, provider.GetRequiredService<AppServices>().Web));
        services.AddHostedService<StartCheck>();
        services.AddHostedService<HealthLoop>();
        return services;
    }

    /// <summary>Makes the services at the start: an app that is not configured fails then, and says why, instead of at its first request.</summary>
    private sealed class StartCheck(AppServices services) : IHostedService
    {
        private OtlpExport? _telemetry;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _ = services.Web;
            _telemetry = OtlpExport.Start("interlock-functions");
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            _telemetry?.Dispose();
            return Task.CompletedTask;
        }
    }
}
