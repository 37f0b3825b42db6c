using System.Net;
using System.Net.Sockets;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Samples.DemoServers;

namespace Interlock.Tests.Azure.Parity;

/// <summary>
/// What two hosts that are compared have in common, so that nothing differs by chance: the users, the keys, the hour at which each begins, and the
/// address of the sample servers, which are new for each. One host at a time.
/// </summary>
internal sealed class ParityPlace : IDisposable
{
    private static readonly NewUser[] Users =
    [
        new("ana", "Ana", ["approver"], ["sre-leads"], "ana's password"),
        new("dana", "Dana", ["author", "publisher", "operator", "auditor", "admin"], ["platform"], "dana's password"),
        new("dirk", "Dirk", ["approver"], ["directors"], "dirk's password"),
    ];

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("interlock-parity-");
    private readonly DateTimeOffset _start = new(DateTimeOffset.UtcNow.Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
    private readonly string _servers = $"http://127.0.0.1:{FreePort()}";

    public ParityPlace()
    {
        Time = new StillTime(_start);
        using var keys = LocalKeys.Open(_root.FullName, Time);
        LocalUsers.Write(_root.FullName, Users);
    }

    public static TenantId Tenant { get; } = new(LocalUsers.Tenant);

    /// <summary>Keys and users of both, data of the host that is up.</summary>
    public string Folder => _root.FullName;

    public StillTime Time { get; private set; }

    public static string PasswordOf(string user) => Users.Single(known => known.Id == user).Password;

    /// <summary>Begins again for the next host: the same hour, and sample servers that nobody has called.</summary>
    public Task<DemoServers> BeginAsync(DemoServersOptions options)
    {
        Time = new StillTime(_start);
        return DemoServers.StartAsync(options with { Url = _servers }, TestContext.Current.CancellationToken);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
