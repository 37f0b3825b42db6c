using System.CommandLine;
using System.Globalization;
using System.Net;
using Interlock.Core.Audit.Checkpoints;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Http.Upstreams;
using Interlock.Local.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Commands;

/// <summary><c>interlock serve --data DIR --urls URL</c>: the embedded host, until it is stopped.</summary>
internal static class ServeCommand
{
    private static readonly string[] AllRoles = ["author", "publisher", "operator", "approver", "auditor", "admin"];

    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "The data directory.", DefaultValueFactory = _ => ".interlock" };
        var urls = new Option<string>("--urls") { Description = "Where to listen.", DefaultValueFactory = _ => "http://127.0.0.1:7071" };
        var origin = new Option<string?>("--origin") { Description = "The address people use, https://host, where a proxy stands in front." };
        var expose = new Option<bool>("--expose") { Description = "Allow addresses that other machines can reach." };
        var upstream = new Option<string[]>("--allow-upstream") { Description = "Private networks upstreams may be in: 'loopback' or a CIDR such as 10.1.0.0/16." };
        var limit = new Option<string[]>("--limit") { Description = "Calls a second and the burst, of each caller, tenant or all: caller=20/400, tenant=100/2000, global=500/10000." };
        var cap = new Option<string?>("--cap") { Description = "What one principal may have open at once: runs=200,gates=200,frames=50000." };
        var fourEyes = new Option<bool>("--four-eyes") { Description = "Changes of the registry that widen need a second administrator." };
        var archive = new Option<string?>("--archive") { Description = "A folder outside the data directory, where finished chains and signed checkpoints of the audit go every five minutes." };
        var command = new Command("serve", "Serve the embedded host: /mcp, /api and the pages.") { data, urls, origin, expose, upstream, limit, cap, fourEyes, archive };
        command.SetAction((parsed, cancellation) => ServeAsync(
            parsed.GetValue(data)!, parsed.GetValue(urls)!, parsed.GetValue(origin), parsed.GetValue(expose), parsed.GetValue(upstream) ?? [], parsed.GetValue(limit) ?? [], parsed.GetValue(cap), parsed.GetValue(fourEyes), parsed.GetValue(archive), cancellation)); // both have defaults
        return command;
    }

    private static async Task<int> ServeAsync(string data, string url, string? origin, bool expose, IReadOnlyList<string> upstreams, IReadOnlyList<string> limited, string? capped, bool fourEyes, string? archive, CancellationToken cancellationToken)
    {
        if (!expose && !LocalWeb.IsLoopback(url))
        {
            await Console.Error.WriteLineAsync($"{url} can be reached from other machines. Put a TLS proxy in front and say --expose, or listen on 127.0.0.1.");
            return Output.Usage;
        }
        if (Egress(upstreams) is not { } egress)
        {
            await Console.Error.WriteLineAsync("--allow-upstream takes 'loopback' or a network such as 10.1.0.0/16.");
            return Output.Usage;
        }
        if (Limits(limited) is not { } limits)
        {
            await Console.Error.WriteLineAsync("--limit takes caller, tenant or global, then =CALLS_A_SECOND/BURST: 0.001 to 10000 a second, and a burst of at least that of six seconds.");
            return Output.Usage;
        }
        if (PrincipalCaps.Parse(capped ?? "") is not { } caps)
        {
            await Console.Error.WriteLineAsync("--cap takes runs, gates and frames, as in runs=200,gates=200,frames=50000: 1 to 10000 runs and gates, and at most 10000000 frames.");
            return Output.Usage;
        }
        if (archive is not null && AuditCommand.IsInside(archive, data))
        {
            await Console.Error.WriteLineAsync("--archive takes a folder outside the data directory: whoever can turn that back must not reach what it is held against.");
            return Output.Usage;
        }
        var publicOrigin = Uri.TryCreate(origin, UriKind.Absolute, out var address) && WebOptions.IsOrigin(address) ? address : null;
        if (origin is not null && publicOrigin is null)
        {
            await Console.Error.WriteLineAsync("--origin takes scheme://host[:port] with http or https, and nothing behind.");
            return Output.Usage;
        }
        using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft.AspNetCore", LogLevel.Warning));
        Directory.CreateDirectory(data);
        FirstUser(data);
        var options = new LocalOptions(data) { Egress = egress, PublicOrigin = publicOrigin, Listens = Uri.TryCreate(url, UriKind.Absolute, out var listens) && listens.Port > 0 && !LocalWeb.IsAnywhere(listens) ? listens : null, Limits = limits, Caps = caps, FourEyes = fourEyes };
        using var telemetry = OtlpExport.Start("interlock");
        await using var services = await LocalServices.OpenAsync(options, loggers, TimeProvider.System, cancellationToken);
        await using var web = await LocalWeb.StartAsync(services, url, shownUsers: [], loggers, cancellationToken);
        var reached = publicOrigin ?? web.Address;
        if (!services.Channels.IsEmpty && LocalWeb.IsAnywhere(reached))
        {
            await Console.Error.WriteLineAsync($"{LocalChannels.FileName} names channels, and {reached} is no address that a message could lead to: say --origin, or remove the channels.");
            return Output.Usage;
        }
        using var key = archive is null ? null : CheckpointKey.FromPem(services.Keys.CheckpointPem);
        await using var upkeep = new LocalUpkeep(services, reached, key is null ? null : services.ArchiveIn(archive!, key), loggers); // a key is for an archive
        Console.WriteLine($"interlock: serving {web.Address} from {Path.GetFullPath(data)}");
        await web.WaitAsync(cancellationToken);
        return Output.Ok;
    }

    /// <summary>What <c>--allow-upstream</c> allows, or null when it is no network.</summary>
    internal static EgressOptions? Egress(IReadOnlyList<string> upstreams)
    {
        var networks = new List<IPNetwork>();
        foreach (var upstream in upstreams.Where(upstream => upstream != "loopback"))
        {
            if (!IPNetwork.TryParse(upstream, out var network)) return null;
            networks.Add(network);
        }
        return new EgressOptions { AllowLoopback = upstreams.Contains("loopback"), AllowedNetworks = networks };
    }

    /// <summary>What <c>--limit</c> says, or null when it is no such limit.</summary>
    internal static GatewayLimits? Limits(IReadOnlyList<string> limited)
    {
        var limits = GatewayLimits.None;
        foreach (var limit in limited)
        {
            if (limit.Split('=', '/') is not [var who, var perSecond, var burst]) return null;
            if (!double.TryParse(perSecond, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) || !int.TryParse(burst, NumberStyles.None, CultureInfo.InvariantCulture, out var most)) return null;
            var next = who switch
            {
                "caller" => limits with { PerPrincipal = new RateLimit(rate, most) },
                "tenant" => limits with { PerTenant = new RateLimit(rate, most) },
                "global" => limits with { Global = new RateLimit(rate, most) },
                _ => null,
            };
            if (next?.IsValid != true) return null;
            limits = next;
        }
        return limits;
    }

    /// <summary>A new data directory gets one user with every role; its password is shown this once and kept as a hash only.</summary>
    private static void FirstUser(string data)
    {
        if (LocalUsers.Exist(data)) return;
        var password = UserCommand.NewPassword();
        LocalUsers.Write(data, [new NewUser("admin", "Administrator", AllRoles, ["admins"], password)]);
        Console.WriteLine($"interlock: created the user 'admin' with the password {password} (shown once; 'interlock user add' makes more)");
    }
}
