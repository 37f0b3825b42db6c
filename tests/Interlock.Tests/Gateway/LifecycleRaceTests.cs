using System.Collections.Concurrent;
using System.Text;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Local.Storage;
using Interlock.Tests.Registry;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Gateway;

/// <summary>
/// Thousands of calls while a version is taken out of service. What started after the acknowledgement never reaches the old version, by whichever gateway; and from then on
/// nothing reaches it at all, by whichever gateway of those that share the store, but what the acknowledgement names.
/// </summary>
public sealed class LifecycleRaceTests
{
    private const int Calls = 10_000;
    private const int Runs = 40;
    private const int BeforeTheChange = 2_500;
    private const int AfterTheAcknowledgement = 2_500;
    private const string OldSchema = """{"type":"object","properties":{"service":{"type":"string"},"level":{"type":"number","default":3}}}""";
    private const string NewSchema = """{"type":"object","properties":{"service":{"type":"string"},"level":{"type":"number","default":4}}}""";

    /// <summary>No call is to be refused for want of room.</summary>
    private static readonly ServerSettings Wide = new() { Resilience = new ResilienceSettings { MaxConcurrent = Calls, MaxQueued = Calls } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Lifecycle.Deprecated, 1)]
    [InlineData(Lifecycle.Disabled, 1)]
    [InlineData(Lifecycle.Deprecated, 2)]
    [InlineData(Lifecycle.Quarantined, 2)]
    public async Task Change_CallsRaceIt_InMemory(Lifecycle lifecycle, int gateways) => await RaceAsync(new YieldingTableStore(new MemoryTableStore()), lifecycle, gateways);

    [Theory]
    [InlineData(Lifecycle.Quarantined, 1)]
    [InlineData(Lifecycle.Disabled, 2)]
    public async Task Change_CallsRaceIt_OnDisk(Lifecycle lifecycle, int gateways)
    {
        using var directory = new TempDirectory();
        await using var database = SqliteDatabase.Open(directory.Path);
        await RaceAsync(new SqliteTableStore(database), lifecycle, gateways);
    }

    private static async Task RaceAsync(ITableStore store, Lifecycle lifecycle, int gateways)
    {
        await using var world = new World();
        var registered = await new RegistryStore(store).WriteAsync(
            World.Tenant,
            [
                World.Entry(RegistryKind.Server, "crm", "1.0.0", new ServerBody(World.Address, "reg-1") { Settings = Wide }), World.Tool("crm/read", "1.0.0", OldSchema),
                World.Tool("crm/read", "2.0.0", NewSchema, "sha256:contract-2") with { Lifecycle = lifecycle == Lifecycle.Deprecated ? Lifecycle.Active : Lifecycle.Disabled },
                World.Entry(RegistryKind.Policy, PolicyCache.EntryName, "1.0.0", new PolicyBody(World.Policy)),
            ],
            Token);
        Assert.Null(registered.Conflict);
        var nodes = Enumerable.Range(0, gateways).Select(i => new Node(world, store, gateways == 1 ? null : new EffectLease($"n{i}", TimeSpan.FromMinutes(1)))).ToArray();
        var desk = new RegistryDesk(nodes[0].Registries, new WorkflowCatalog(world.Blobs), nodes[0].Audit, new StubDiscovery(), world.Directory, nodes[0].Fences, world.Time);
        var (acknowledged, onOld, onOldSince) = (0, new ConcurrentDictionary<string, bool>(), new ConcurrentBag<string>());
        var warm = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Upstream.OnArrival = call =>
        {
            if (!IsOld(call)) return Task.CompletedTask;
            onOld[call.IdempotencyKey] = true;
            if (Volatile.Read(ref acknowledged) == 1) onOldSince.Add(call.IdempotencyKey);
            if (onOld.Count == BeforeTheChange / 4) warm.TrySetResult();
            return Task.CompletedTask;
        };
        world.Upstream.Always(_ => StubUpstream.Done());

        var running = new List<Task<GatewayResult>>(Calls);
        Task<RegistryResult>? change = null;
        var calls = Enumerable.Range(0, Calls).Select(i => Call(world, i)).ToArray();
        for (var i = 0; i < Calls; i++)
        {
            if (i == BeforeTheChange)
            {
                await warm.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
                change = Task.Run(async () =>
                {
                    var result = await desk.SetLifecycleAsync(world.Ana, RegistryKind.Tool, "crm/read", "1.0.0", lifecycle, lifecycle == Lifecycle.Deprecated ? "2.0.0" : null, "race", Token);
                    Volatile.Write(ref acknowledged, 1);
                    return result;
                });
            }
            if (i == Calls - AfterTheAcknowledgement) await change!; // begun above
            var (node, call) = (nodes[i % gateways], calls[i]);
            running.Add(Task.Run(() => node.Gateway.CallAsync(call, Token)));
        }
        var done = Assert.IsType<RegistryResult.Changed>(await change!); // begun above
        var results = await Task.WhenAll(running);

        Assert.DoesNotContain(calls[^AfterTheAcknowledgement..], call => onOld.ContainsKey(call.Effect.Value));
        Assert.Empty(done.Silent);
        Assert.Subset(done.InFlight.Select(effect => effect.Value).ToHashSet(), onOldSince.ToHashSet());
        Assert.InRange(onOld.Count, BeforeTheChange / 4, Calls - AfterTheAcknowledgement);
        var expected = lifecycle switch { Lifecycle.Disabled => "disabled", Lifecycle.Quarantined => "quarantined", _ => null };
        Assert.All(results[^AfterTheAcknowledgement..], result => Assert.Equal(expected, (result as GatewayResult.Refused)?.Refusal.Rule));
        if (expected is null) Assert.Equal(Calls - results.Count(result => result is GatewayResult.Refused), world.Upstream.Calls.Count);
    }

    /// <summary>The default that the version's own schema fills in tells which version the call was made to.</summary>
    private static bool IsOld(UpstreamCall call) => Encoding.UTF8.GetString(call.Arguments.Span).Contains("\"level\":3", StringComparison.Ordinal);

    /// <summary>Of few runs, so that most of them wait for their run's turn between finding the version and the fence: that is where a change overtakes them.</summary>
    private static GatewayCall Call(World world, int i) => world.Call(purpose: $"call-{i}", version: "^1") with { Site = World.Site() with { Run = new RunId($"{i % Runs + 1:x32}") } };
}
