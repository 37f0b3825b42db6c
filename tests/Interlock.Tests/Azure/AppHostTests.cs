using Interlock.Functions.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Interlock.Tests.Azure;

/// <summary>The app's services, added to what the worker's ASP.NET Core integration set up before.</summary>
public sealed class AppHostTests
{
    [Fact]
    public async Task ForwardedHeaders_WorkerTrustsThem_AreNotRead()
    {
        await using var provider = Services(services => services.Configure<ForwardedHeadersOptions>(options => options.ForwardedHeaders = ForwardedHeaders.All));

        Assert.Equal(ForwardedHeaders.None, provider.GetRequiredService<IOptions<ForwardedHeadersOptions>>().Value.ForwardedHeaders);
    }

    [Theory]
    [InlineData("Microsoft.AspNetCore.Routing.EndpointMiddleware", false)]
    [InlineData("ModelContextProtocol.Server.McpServer", false)]
    [InlineData("Interlock.Functions.Edge.EventFunctions", true)]
    public async Task Logging_Information_IsOnlyTheAppsOwn(string category, bool isLogged)
    {
        await using var provider = Services(services => services.AddLogging(logging => logging.AddProvider(new Everything())));
        var logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger(category);

        Assert.Equal(isLogged, logger.IsEnabled(LogLevel.Information));
        Assert.True(logger.IsEnabled(LogLevel.Warning));
    }

    private static ServiceProvider Services(Action<IServiceCollection> worker)
    {
        var services = new ServiceCollection();
        worker(services);
        return services.AddInterlock().BuildServiceProvider();
    }

    private sealed class Everything : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }

        public void Dispose()
        {
        }
    }
}
