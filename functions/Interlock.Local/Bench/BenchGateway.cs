using System.Globalization;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Http.Upstreams;
using Interlock.Local.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Bench;

/// <summary>
/// The embedded host as <c>interlock serve</c> runs it, with upstreams registered and a policy that allows their calls: authentication, policy, validation, ledger and audit
/// are on. In memory only the table store differs.
/// </summary>
internal sealed class BenchGateway : IAsyncDisposable
{
    private const string Policy = """
        version: 1
        rules:
          - id: bench
            principals: [ { any: true } ]
            tools: ['*/*']
            effect: allow
            reason: The benchmark calls what it registered.
        """;

    private static readonly TenantId Tenant = new(LocalOptions.Tenant);
    private static readonly NewUser Operator = new("operator", "Operator", ["author", "publisher", "operator", "auditor", "admin"], ["platform"], Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(9)));

    private readonly ILoggerFactory _loggers;
    private readonly LocalServices _services;
    private readonly LocalWeb _web;
    private readonly LocalUpkeep _upkeep;

    private BenchGateway(ILoggerFactory loggers, LocalServices services, LocalWeb web) =>
        (_loggers, _services, _web, _upkeep) = (loggers, services, web, new LocalUpkeep(services, web.Address, null, loggers));

    public Uri Address => new(_web.Address, "/mcp");

    public static async Task<BenchGateway> StartAsync(string data, bool inMemory, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(data);
        if (!LocalUsers.Exist(data)) LocalUsers.Write(data, [Operator]);
        var loggers = LoggerFactory.Create(logging => logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning));
        var options = new LocalOptions(data) { Egress = new EgressOptions { AllowLoopback = true }, Tables = inMemory ? new MemoryTableStore() : null };
        var services = await LocalServices.OpenAsync(options, loggers, TimeProvider.System, cancellationToken);
        return new BenchGateway(loggers, services, await LocalWeb.StartAsync(services, "http://127.0.0.1:0", [], loggers, cancellationToken));
    }

    /// <summary>Registers the upstreams as <c>s0</c>, <c>s1</c>, …, all at once, and the policy.</summary>
    public async Task RegisterAsync(IReadOnlyList<Uri> upstreams, CancellationToken cancellationToken)
    {
        var by = _services.User(Operator.Id)!; // written at the start
        for (var i = 0; i < upstreams.Count; i++)
            Expect(await _services.Registry.RegisterServerAsync(by, ServerName(i), upstreams[i], cancellationToken));
        Expect(await _services.Registry.PublishPolicyAsync(by, Policy, cancellationToken));
    }

    public static string ServerName(int index) => "s" + index.ToString(CultureInfo.InvariantCulture);

    /// <summary>A token for <c>/mcp</c> of one of the clients.</summary>
    public string Token(int client)
    {
        var id = "client-" + client.ToString(CultureInfo.InvariantCulture);
        return _services.Keys.Issuer.Issue(new LocalTokenRequest(new Principal(Tenant, id, PrincipalKind.User, id, [], []), TokenClass.Mcp, TimeSpan.FromHours(12)));
    }

    public async ValueTask DisposeAsync()
    {
        await _upkeep.DisposeAsync();
        await _web.DisposeAsync();
        await _services.DisposeAsync();
        _loggers.Dispose();
    }

    private static void Expect(RegistryResult result)
    {
        if (result is RegistryResult.Refused { Problem: var problem }) throw new BenchException($"{problem.Title}. {problem.Detail}");
    }
}
