using System.Collections.Concurrent;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry.Contracts;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>
/// Asks every active server, and every active agent that has a card, again for what it shows, and holds it against what was registered: a contract that is another one by now is
/// quarantined, a tool that is gone is disabled, each until a person says otherwise. Tools that nobody registered are counted and left alone:
/// registering them, even as quarantined, would let a server fill the registry. Safe to run twice at once; a change that was recorded and lost
/// a race is recorded again.
/// </summary>
public sealed class ContractRefresh(RegistryStore registries, AuditLog audit, IUpstreamDiscovery discovery, TimeProvider time)
{
    /// <summary>Who the audit says it was: no token has such a subject.</summary>
    public const string Subject = "system:refresh";

    /// <summary>The rule that quarantines.</summary>
    public const string Rule = "contract-changed";

    /// <summary>How often it should run.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(15);

    /// <summary>How long one upstream may take to show what it offers.</summary>
    public static readonly TimeSpan UpstreamPatience = TimeSpan.FromMinutes(1);

    /// <summary>How long a pass takes: whom it has not asked by then counts as not reached.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private const int AtOnce = 8;
    private const int MaxTries = 16;
    private const int MaxSaid = 500;

    private readonly RegistryWriter _writer = new(registries, audit, time);

    /// <summary>Where a tenant's active MCP servers are.</summary>
    public async Task<IReadOnlyList<UpstreamEndpoint>> ServersAsync(TenantId tenant, CancellationToken cancellationToken = default) =>
        [.. Upstreams(await registries.ReadAsync(tenant, cancellationToken)).Select(upstream => upstream.Endpoint).Where(endpoint => endpoint.Kind == UpstreamKind.Mcp)];

    /// <summary>One pass over a tenant's servers and agents. One that fails does not keep the others from being asked.</summary>
    public async Task<RefreshPass> RunAsync(TenantId tenant, CancellationToken cancellationToken = default) =>
        await RunAsync(tenant, InTurn([.. Upstreams(await registries.ReadAsync(tenant, cancellationToken))]), cancellationToken);

    /// <summary>The same for one registration alone.</summary>
    public async Task<RefreshPass> RunAsync(TenantId tenant, string registration, CancellationToken cancellationToken = default) =>
        await RunAsync(tenant, [.. Upstreams(await registries.ReadAsync(tenant, cancellationToken)).Where(upstream => upstream.Endpoint.RegistrationId == registration)], cancellationToken);

    private async Task<RefreshPass> RunAsync(TenantId tenant, List<Upstream> upstreams, CancellationToken cancellationToken)
    {
        var pass = new Pass();
        using var writing = new SemaphoreSlim(1); // so that a pass does not race with itself
        using var ending = new CancellationTokenSource(Patience, time);
        await Parallel.ForEachAsync(upstreams, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (upstream, stop) =>
        {
            try
            {
                var found = await DiscoverAsync(upstream, ending.Token, stop);
                await RefreshReplicasAsync(tenant, upstream, found, pass, writing, ending.Token, stop);
                if ((found.Failure ?? Silence(upstream, found)) is { } failure)
                {
                    await NotReachedAsync(tenant, upstream.Name, failure, pass);
                    return;
                }
                await writing.WaitAsync(stop);
                try
                {
                    await ApplyAsync(tenant, upstream, found, pass, stop);
                }
                finally
                {
                    writing.Release();
                }
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                pass.Failed.Enqueue((upstream.Name, e));
            }
        });
        return new RefreshPass(upstreams.Count, [.. pass.Changed], [.. pass.Unregistered], [.. pass.Unreachable], [.. pass.Failed]);
    }

    /// <summary>A server that suddenly shows nothing at all is broken rather than emptied: nothing is disabled for that.</summary>
    private static Problem? Silence(Upstream upstream, DiscoveryResult found) =>
        upstream.Entry.Kind == RegistryKind.Server && found.Contracts.Count == 0 ? new Problem(ProblemTypes.Communication, 502, "The server shows nothing", null) : null;

    private static IEnumerable<Upstream> Upstreams(RegistrySnapshot registry)
    {
        foreach (var name in registry.OfKind(RegistryKind.Server).Select(entry => entry.Name).Distinct())
        {
            if (registry.Newest(RegistryKind.Server, name) is not { } entry) continue;
            yield return new(entry, UpstreamEndpoint.Of(registry.Tenant, entry.As<ServerBody>()));
        }
        foreach (var entry in registry.OfKind(RegistryKind.Agent).Where(entry => entry.Lifecycle == Lifecycle.Active && entry.As<AgentBody>().Settings.Protocol == AgentProtocol.A2a))
            yield return new(entry, UpstreamEndpoint.Of(registry.Tenant, entry.As<AgentBody>()));
    }

    /// <summary>Another one first each time: where a pass has no time for all, all are asked in the end.</summary>
    private List<Upstream> InTurn(List<Upstream> upstreams)
    {
        if (upstreams.Count == 0) return upstreams;
        var first = (int)(time.GetUtcNow().Ticks / Interval.Ticks * AtOnce % upstreams.Count);
        return [.. upstreams.Skip(first), .. upstreams.Take(first)];
    }

    private async Task<DiscoveryResult> DiscoverAsync(Upstream upstream, CancellationToken ending, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(UpstreamPatience, time);
        using var budget = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ending, stop);
        try
        {
            budget.Token.ThrowIfCancellationRequested();
            return await discovery.DiscoverAsync(upstream.Endpoint, budget.Token).WaitAsync(budget.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return DiscoveryResult.Failed(new Problem(ProblemTypes.Timeout, 504, "The upstream was not refreshed in time", null));
        }
    }

    private async Task ApplyAsync(TenantId tenant, Upstream upstream, DiscoveryResult found, Pass pass, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var registry = await registries.ReadAsync(tenant, cancellationToken);
            // Registered anew or switched off meanwhile: what was found says nothing about what is registered now.
            if (registry.Find(upstream.Entry.Kind, upstream.Name, upstream.Entry.Version) is not { Lifecycle: Lifecycle.Active }) return;
            List<RegistryEntry> changes = upstream.Entry.Kind == RegistryKind.Server ? [.. OfServer(registry, upstream.Name, found)] : [.. OfAgent(upstream.Entry, found)];
            if (changes.Count == 0)
            {
                if (upstream.Entry.Kind == RegistryKind.Server && Unregistered(registry, upstream.Name, found) is > 0 and var tools) pass.Unregistered.Enqueue((upstream.Name, tools));
                return;
            }
            var next = OneBatch(changes);
            if (await _writer.WriteAsync(Subject, registry, next, Rule, cancellationToken) is not RegistryResult.Changed) continue;
            foreach (var entry in next) pass.Changed.Enqueue(entry);
        }
        throw new InvalidOperationException($"The registry kept changing while '{upstream.Name}' was refreshed.");
    }

    /// <summary>A replica that shows another contract is passed over from then on; only registering the server anew asks it again.</summary>
    private async Task RefreshReplicasAsync(TenantId tenant, Upstream upstream, DiscoveryResult primary, Pass pass, SemaphoreSlim writing, CancellationToken ending, CancellationToken stop)
    {
        if (upstream.Entry.Kind != RegistryKind.Server) return;
        foreach (var replica in upstream.Entry.As<ServerBody>().Settings.Replicas)
        {
            var found = await DiscoverAsync(upstream with { Endpoint = upstream.Endpoint with { Address = replica } }, ending, stop);
            if ((found.Failure ?? Silence(upstream, found)) is { } failure)
            {
                await NotReachedAsync(tenant, $"{upstream.Name} at {UpstreamAddress.Shown(replica)}", failure, pass);
                continue;
            }
            await writing.WaitAsync(stop);
            try
            {
                await PassOverAsync(tenant, upstream.Entry, replica, primary.Failure is null ? primary : null, found, pass, stop);
            }
            finally
            {
                writing.Release();
            }
        }
    }

    private async Task PassOverAsync(TenantId tenant, RegistryEntry asked, Uri replica, DiscoveryResult? primary, DiscoveryResult found, Pass pass, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var registry = await registries.ReadAsync(tenant, cancellationToken);
            if (registry.Find(asked.Kind, asked.Name, asked.Version) is not { Lifecycle: Lifecycle.Active } server || server.PassedOver?.Contains(replica) == true) return;
            if (ReplicaCheck.Different(registry, server.Name, primary, found) is not { } tool) return;
            server = server with
            {
                PassedOver = [.. server.PassedOver ?? [], replica],
                Reason = $"{ReplicaCheck.Rule}: {UpstreamAddress.Shown(replica)} shows another '{Excerpt.Of(tool, 60)}' and is passed over",
                ChangedBy = Subject,
                ChangedAt = time.GetUtcNow(),
            };
            if (await _writer.WriteAsync(Subject, registry, [server], ReplicaCheck.Rule, cancellationToken) is not RegistryResult.Changed) continue;
            pass.Changed.Enqueue(server);
            return;
        }
        throw new InvalidOperationException($"The registry kept changing while a replica of '{asked.Name}' was refreshed.");
    }

    /// <summary>Records what kept an upstream from being asked, the same words once a day: the log has our word for it only.</summary>
    private async Task NotReachedAsync(TenantId tenant, string upstream, Problem problem, Pass pass)
    {
        var chain = AuditChain.ForPrincipal(tenant, Subject, time.GetUtcNow());
        var said = problem.Detail is { } detail ? Excerpt.Of(detail, MaxSaid) : null;
        var record = new AuditRecord
        {
            Id = $"unreachable:{CanonicalJson.Digest(JsonValue.Array(upstream, problem.Title, said ?? ""))}",
            Type = AuditTypes.RegistryUnreachable,
            Time = time.GetUtcNow(),
            Tenant = tenant,
            Chain = chain.Id,
            Actors = [Subject],
            Target = Excerpt.Of(upstream, MaxSaid),
            Rule = problem.Rule,
            Problem = new Problem(problem.Type, problem.Status, problem.Title, said),
        };
        await audit.AppendAsync(chain, [record], [], CancellationToken.None);
        pass.Unreachable.Enqueue((upstream, problem));
    }

    /// <summary>As many as the store takes at once: what servers show comes on top of what was registered together.</summary>
    private static List<RegistryEntry> OneBatch(List<RegistryEntry> changes)
    {
        var (next, bytes) = (new List<RegistryEntry>(), 0);
        foreach (var entry in changes.Take(RegistryWriter.MaxEntries))
        {
            bytes += RunJson.Serialize(entry).Length;
            if (next.Count > 0 && bytes > TableRules.MaxBatchBytes / 2) break;
            next.Add(entry);
        }
        return next;
    }

    private IEnumerable<RegistryEntry> OfServer(RegistrySnapshot registry, string server, DiscoveryResult found)
    {
        var now = time.GetUtcNow();
        var shown = found.Contracts.ToLookup(tool => $"{server}/{tool.Name}", StringComparer.Ordinal);
        foreach (var entry in RegistryDesk.ActiveTools(registry, server))
        {
            var registered = entry.As<ToolBody>();
            if (shown[entry.Name].FirstOrDefault(tool => tool.Digest != registered.ContractDigest) is not { } other) continue;
            yield return Quarantined(entry, ContractChange.Describe(registered, other, found.ServerInstructions), other.Digest, now) with
            {
                Shown = ShownContract.Of(entry, other, found.ServerInstructions, now),
                Findings = ContractScan.Run(other, found.ServerInstructions, ForeignTools.Of(registry, server)),
            };
        }
        foreach (var gone in RegistryDesk.Gone(registry, server, found.Contracts, Subject, now)) yield return gone;
    }

    private IEnumerable<RegistryEntry> OfAgent(RegistryEntry entry, DiscoveryResult found)
    {
        var card = AgentRegistration.CardDigest(found);
        if (card != entry.As<AgentBody>().CardDigest) yield return Quarantined(entry, "the agent's card", card, time.GetUtcNow());
    }

    private static RegistryEntry Quarantined(RegistryEntry entry, string what, string digest, DateTimeOffset now) => entry with
    {
        Lifecycle = Lifecycle.Quarantined,
        Reason = $"{Rule}: {what}; it shows {digest} now",
        ChangedBy = Subject,
        ChangedAt = now,
    };

    private static int Unregistered(RegistrySnapshot registry, string server, DiscoveryResult found)
    {
        var known = registry.OfKind(RegistryKind.Tool).Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        return found.Contracts.Count(tool => !known.Contains($"{server}/{tool.Name}"));
    }

    private sealed record Upstream(RegistryEntry Entry, UpstreamEndpoint Endpoint)
    {
        public string Name => Entry.Name;
    }

    private sealed class Pass
    {
        public ConcurrentQueue<RegistryEntry> Changed { get; } = new();
        public ConcurrentQueue<(string Server, int Tools)> Unregistered { get; } = new();
        public ConcurrentQueue<(string Upstream, Problem Problem)> Unreachable { get; } = new();
        public ConcurrentQueue<(string Upstream, Exception Error)> Failed { get; } = new();
    }
}
