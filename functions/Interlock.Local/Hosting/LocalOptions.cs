using Interlock.Core.Gateway.Limits;
using Interlock.Core.Identity;
using Interlock.Core.Storage;
using Interlock.Http.Upstreams;

namespace Interlock.Local.Hosting;

/// <summary>How one embedded host is set up.</summary>
internal sealed record LocalOptions(string DataDirectory)
{
    /// <summary>The tenant that local users, tokens and files belong to.</summary>
    public const string Tenant = LocalUsers.Tenant;

    /// <summary>Whether changes of the registry that widen need a second person.</summary>
    public bool FourEyes { get; init; }

    public EgressOptions Egress { get; init; } = new();

    public GatewayLimits Limits { get; init; } = GatewayLimits.None;

    public PrincipalCaps Caps { get; init; } = new();

    /// <summary>A store in place of the database for everything but the runs of workflows: the benchmark in memory.</summary>
    public ITableStore? Tables { get; init; }

    /// <summary>The address that people use, where it is another than the one listened on; see <see cref="Http.Hosting.WebOptions.PublicOrigin"/>.</summary>
    public Uri? PublicOrigin { get; init; }

    /// <summary>Where it will listen, where that is known before it does: a run that goes on at once may call an agent that calls back.</summary>
    public Uri? Listens { get; init; }
}
