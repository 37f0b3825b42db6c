using System.Globalization;
using Interlock.Core.Gateway.Limits;
using Interlock.CrashHost;
using Interlock.Http.Upstreams;
using Interlock.Local.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

// interlock serve over DIR at URL, that kills itself around the n-th commit after it was told so: "before 3", "after 3"; "stop" ends it.
var (data, url) = (args[0], args[1]);
await using var services = await LocalServices.OpenAsync(new LocalOptions(data) { Egress = new EgressOptions { AllowLoopback = true }, Caps = new PrincipalCaps { ActiveRuns = 10_000 } }, NullLoggerFactory.Instance, TimeProvider.System);
var trap = await CommitTrap.OnAsync(services);
await using var web = await LocalWeb.StartAsync(services, url, shownUsers: [], NullLoggerFactory.Instance);
Console.WriteLine("serving");
while (Console.ReadLine() is { } line && line != "stop")
{
    var words = line.Split(' ');
    trap.Arm(words[0] == "before", int.Parse(words[1], CultureInfo.InvariantCulture));
    Console.WriteLine($"armed {line}");
}
