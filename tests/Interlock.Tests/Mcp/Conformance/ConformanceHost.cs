using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Local.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Mcp.Conformance;

/// <summary>
/// The whole embedded host on loopback with a fixture server registered behind it. Clients that send no token, as the suite's, are taken for a person of the
/// tenant: an authenticated caller stands in front.
/// </summary>
internal sealed class ConformanceHost : IAsyncDisposable
{
    private const string Policy = """
        version: 1
        rules:
          - { id: all, principals: [ { any: true } ], tools: ['fixture/*'], effect: allow }
        """;

    private static readonly TenantId Tenant = new("local");

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-conformance-").FullName;
    private FixtureServer? _fixture;
    private LocalServices? _services;
    private WebApplication? _app;
    private Principal? _admin;
    private int _changes;

    public string Origin => _app!.Urls.First(); // started by whoever made it

    /// <summary>The one server's address at the gateway.</summary>
    public string Address => Origin + "/mcp/fixture";

    public string Token => Issue(_admin!);

    public static async Task<ConformanceHost> StartAsync()
    {
        var host = new ConformanceHost();
        await host.OpenAsync();
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
        if (_services is not null) await _services.DisposeAsync();
        if (_fixture is not null) await _fixture.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private async Task OpenAsync()
    {
        _fixture = await FixtureServer.StartAsync(ChangeAsync);
        var user = JsonValue.Object(("name", "Ann"), ("password", PasswordHash.Create("correct horse", 1000).ToString()), ("groups", JsonValue.EmptyArray), ("roles", JsonValue.Array("author", "publisher", "operator", "admin")));
        await File.WriteAllBytesAsync(Path.Combine(_data, "users.json"), CanonicalJson.Serialize(JsonValue.Object(("tenants", JsonValue.Object(("local", JsonValue.Object(("users", JsonValue.Object(("ann", user))))))))));
        _services = await LocalServices.OpenAsync(new LocalOptions(_data) { Egress = new EgressOptions { AllowLoopback = true } }, NullLoggerFactory.Instance, TimeProvider.System);
        _admin = _services.Users.Find(Tenant, "ann")!.ToPrincipal(Tenant); // just written
        var registered = await _services.Registry.RegisterServerAsync(_admin, "fixture", _fixture.Address);
        Assert.True(registered is RegistryResult.Changed, registered.ToString());
        Assert.IsType<RegistryResult.Changed>(await _services.Registry.PublishPolicyAsync(_admin, Policy));
        await ServeAsync();
    }

    /// <summary>Raises the registry's epoch, as a change of the server's lists does once it is found.</summary>
    private async Task ChangeAsync()
    {
        var version = $"1.0.{Interlocked.Increment(ref _changes)}";
        await _services!.Registries.WriteAsync(Tenant, [RegistryEntry.Create(RegistryKind.Workflow, "test/changed", version, Lifecycle.Draft, new WorkflowBody("sha256:none", "user:ann"), "user:ann", DateTimeOffset.UtcNow)]);
    }

    private async Task ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Use((context, next) =>
        {
            if (context.Request.Headers.Authorization.Count == 0) context.Request.Headers.Authorization = "Bearer " + Token;
            return next(context);
        });
        InterlockPipeline.Map(_app, LocalWeb.Web(_services!, "http://127.0.0.1:0", [], NullLoggerFactory.Instance)); // opened before
        await _app.StartAsync();
    }

    private string Issue(Principal person) => _services!.Keys.Issuer.Issue(new LocalTokenRequest(person, TokenClass.Mcp, TimeSpan.FromMinutes(30)));
}
