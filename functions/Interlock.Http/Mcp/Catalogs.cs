using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Interlock.Core.Registry;

namespace Interlock.Http.Mcp;

/// <summary>The catalogs of the snapshots in use, each made once.</summary>
internal sealed class Catalogs(bool withHandles)
{
    private const string All = "";

    private readonly ConditionalWeakTable<RegistrySnapshot, ConcurrentDictionary<string, Catalog>> _made = [];

    /// <param name="registry">The snapshot.</param>
    /// <param name="server">A registered server, or null for all.</param>
    public Catalog Of(RegistrySnapshot registry, string? server) => _made.GetOrCreateValue(registry).GetOrAdd(server ?? All, _ => new Catalog(registry, server, withHandles));
}
