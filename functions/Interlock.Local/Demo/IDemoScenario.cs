using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Local.Hosting;
using Interlock.Samples.DemoServers;

namespace Interlock.Local.Demo;

/// <summary>What a demo shows: what is registered and published for it, and how its run begins.</summary>
internal interface IDemoScenario
{
    /// <summary>The registrations, each with what it is of, in order.</summary>
    IEnumerable<(string What, Func<CancellationToken, Task<RegistryResult>> Register)> Registrations(LocalServices services, DemoServers servers, DemoCast cast);

    Task<RunId> StartAsync(LocalServices services, LocalWeb web, DemoCast cast, CancellationToken cancellationToken);
}
