using System.Collections.Concurrent;
using Interlock.Core.Audit;
using Interlock.Core.Policy;
using Interlock.Core.Registry;

namespace Interlock.Core.Gateway;

/// <summary>
/// What a run has read: results of tools and agents, those that failed too, and events, of itself, of the runs that led to it and of those that any of them waited for. Read from what
/// was recorded before it was used: calls from the audit, events and children from the run's log. A client's call counts what the same caller read today and yesterday.
/// Both only grow, so that what was seen of them once is remembered, and only what came since is read.
/// </summary>
internal sealed class Readings(AuditLog audit, IRunLog? log)
{
    /// <summary>How many runs of one family are looked at; of a larger one everything counts as read.</summary>
    public const int MaxRuns = 256;

    private const int MaxRemembered = 4096;

    private readonly ConcurrentDictionary<AuditChain, ReadingCursor> _cursors = new();

    /// <summary>The sources of what was read before this call, without those whose operator vouches for them.</summary>
    public async Task<ReadSources> OfAsync(GatewayCall call, RegistrySnapshot registry, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (open, seen, read) = (new Stack<AuditChain>(First(call, now)), new HashSet<AuditChain>(), new SortedSet<string>(StringComparer.Ordinal));
        while (open.TryPop(out var chain))
        {
            if (!seen.Add(chain)) continue;
            if (seen.Count > MaxRuns) return ReadSources.Anything;
            var cursor = await LookAsync(chain, cancellationToken);
            foreach (var (reading, by) in cursor.Read)
                if (by != call.Effect) read.UnionWith(Sources(registry, reading));
            foreach (var run in cursor.Family) open.Push(AuditChain.ForRun(call.Tenant, run));
        }
        return new ReadSources(read);
    }

    private async Task<ReadingCursor.View> LookAsync(AuditChain chain, CancellationToken cancellationToken)
    {
        if (_cursors.Count > MaxRemembered) _cursors.Clear();
        return await _cursors.GetOrAdd(chain, static one => new ReadingCursor(one)).LookAsync(audit, log, cancellationToken);
    }

    private static IEnumerable<AuditChain> First(GatewayCall call, DateTimeOffset now)
    {
        if (call.Site is { } site) return [AuditChain.ForRun(call.Tenant, site.Run)];
        return [AuditChain.ForPrincipal(call.Tenant, call.Chain.Starter.Subject, now), AuditChain.ForPrincipal(call.Tenant, call.Chain.Starter.Subject, now.AddDays(-1))];
    }

    /// <summary>None where the operator says of the version that answered that its results are to be trusted; an agent that is a tool is both.</summary>
    private static IEnumerable<string> Sources(RegistrySnapshot registry, Reading reading)
    {
        var entry = reading is { Kind: { } kind, Version: { } version } ? registry.Find(kind == TargetKind.Tool ? RegistryKind.Tool : RegistryKind.Agent, reading.Name, version) : null;
        if (entry is null) return [reading.Source];
        if (reading.Kind == TargetKind.Tool) return entry.As<ToolBody>().Settings.Trusted ? [] : [reading.Source];
        var settings = entry.As<AgentBody>().Settings;
        return settings.Trusted ? [] : settings.Tool is { } tool ? [reading.Source, tool] : [reading.Source];
    }
}
