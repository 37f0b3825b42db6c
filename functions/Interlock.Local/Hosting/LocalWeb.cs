using System.Net;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Hosting;

/// <summary>The embedded host's web server: Kestrel in front of the pipeline that both hosts share.</summary>
internal sealed class LocalWeb : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LocalWeb(WebApplication app, Uri address) => (_app, Address) = (app, address);

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Whether every address is of this machine only.</summary>
    public static bool IsLoopback(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)));

    /// <summary>Whether it stands for every address of this machine, and so names none that others could use.</summary>
    public static bool IsAnywhere(Uri address) => IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any));

    /// <param name="services">What it serves.</param>
    /// <param name="url">One address; port 0 takes a free one.</param>
    /// <param name="shownUsers">Users whom the sign-in form names to everybody: none but in the demo.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="cancellationToken">Stops the starting.</param>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<LocalWeb> StartAsync(LocalServices services, string url, IReadOnlyList<string> shownUsers, ILoggerFactory loggers, CancellationToken cancellationToken = default)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));
        builder.WebHost.UseUrls(url);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        var app = builder.Build();
        InterlockPipeline.Map(app, Web(services, url, shownUsers, loggers) with { Stopping = app.Lifetime.ApplicationStopping });
        await app.StartAsync(cancellationToken);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.First()
            ?? throw new InvalidOperationException("The server has no address.");
        services.Listens(new Uri(address));
        return new LocalWeb(app, new Uri(address));
    }

    public Task WaitAsync(CancellationToken cancellationToken) => _app.WaitForShutdownAsync(cancellationToken);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>A name that leads to this machine is no reason to answer: a page elsewhere could have sent the browser here (DNS rebinding).</summary>
    private static IReadOnlyCollection<string> Hosts(LocalServices services, string url)
    {
        if (!IsLoopback(url)) return [];
        return services.PublicOrigin is { } origin ? [.. WebOptions.LoopbackHosts, origin.Host] : WebOptions.LoopbackHosts;
    }

    /// <summary>What is served over these services; <paramref name="url"/> says by which names.</summary>
    internal static InterlockWeb Web(LocalServices services, string url, IReadOnlyList<string> shownUsers, ILoggerFactory loggers)
    {
        return new InterlockWeb
        {
            Gateway = services.Gateway,
            Approvals = services.Approvals,
            AdHoc = services.AdHoc,
            Registry = services.Registry,
            Changes = services.Changes,
            Workflows = services.Catalog,
            Policies = services.Policies,
            Intake = services.Intake,
            Runs = services.Engine,
            Audit = services.Audit,
            Store = services.Tables,
            AgentNotices = services.AgentNotices,
            McpTokens = services.Keys.Issuer.Verifier(TokenClass.Mcp, services.Keys.Incarnation),
            ApiTokens = services.Keys.Issuer.Verifier(TokenClass.Api, services.Keys.Incarnation),
            Narrowing = new TokenNarrowing(services.Keys.Issuer, services.Time),
            SignIn = new SignInMethod.Password(new LocalSignIn(services.Users, new Dictionary<TenantId, IReadOnlyList<string>> { [new(LocalOptions.Tenant)] = shownUsers })),
            Directory = services.Users,
            Mac = services.Keys.Mac,
            Incarnation = services.Keys.Incarnation,
            Options = new WebOptions { DefaultTenant = LocalOptions.Tenant, PublicOrigin = services.PublicOrigin, AllowedHosts = Hosts(services, url) },
            Time = services.Time,
            Loggers = loggers,
        };
    }
}
