using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Local.Engine;
using Interlock.Local.Hosting;
using Interlock.Local.Storage;
using Interlock.Tests.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Limits;

/// <summary>Runs that ask for much, on the local host: what is allowed completes and is stored in little room, the rest ends with a clear error, and the next run is served.</summary>
public sealed class HostileRunTests : IAsyncLifetime
{
    private const string Head =
        "document: { dsl: 1.0.3, namespace: t, name: hostile, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }\ntimeout: { after: { hours: 1 } }\n";

    private static readonly TenantId Tenant = new(LocalOptions.Tenant);
    private static readonly Principal Ana = new(Tenant, "ana", PrincipalKind.User, "Ana", [], []);

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-limits-").FullName;
    private LocalServices? _services;

    private LocalServices Services => _services ?? throw new InvalidOperationException("Not open.");

    public async ValueTask InitializeAsync() =>
        _services = await LocalServices.OpenAsync(new LocalOptions(_data), NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Services.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Run_ForOf100000Items_CompletesInOneEventOfLittleRoom()
    {
        var ended = await RunAsync("""
            do:
              - sum:
                  for: { in: '[range(100000)]' }
                  do:
                    - twice: { set: { n: '${ .n }', d: '${ $item * 2 }' } }
                    - add: { set: { n: '${ (.n // 0) + .d }' } }
            """, JsonValue.EmptyObject);

        Assert.Equal((RunStatus.Completed, JsonValue.Object(("n", 9999900000))), (ended.Status, ended.Output));
        Assert.Equal(1, ended.Events);
        Assert.InRange(Directory.EnumerateFiles(_data, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length), 0, 20 * 1024 * 1024);
    }

    [Theory]
    [InlineData("do: [ { a: { set: { x: '${ [recurse(.)] | length }' } } } ]", "steps")]
    [InlineData("do: [ { a: { set: { x: '${ last(repeat(1)) }' } } } ]", "steps")]
    [InlineData("do: [ { a: { set: { x: '${ def f: [f]; f }' } } } ]", "depth")]
    [InlineData("do: [ { a: { set: { x: '${ reduce range(80) as $i (\"x\"; . + .) }' } } } ]", "output")]
    [InlineData("do: [ { a: { set: { x: '${ (\"a\" * 100000) as $s | [range(1000) | $s | test(\"(a+)+b\")] | length }' } } } ]", "steps")]
    [InlineData("do: [ { each: { for: { in: '[range(100000)]' }, do: [ { a: { set: { x: 1 } } }, { b: { set: { x: 1 } } }, { c: { set: { x: 1 } } }, { d: { set: { x: 1 } } }, { e: { set: { x: 1 } } }, { f: { set: { x: 1 } } } ] } } ]", "steps")]
    public async Task Run_WithoutEnd_FaultsAndTheNextIsServed(string tasks, string limit)
    {
        var ended = await RunAsync(tasks, JsonValue.EmptyObject);

        Assert.Equal(RunStatus.Faulted, ended.Status);
        Assert.Contains(limit, ended.Error?.Detail, StringComparison.Ordinal);
        Assert.Equal(RunStatus.Completed, (await RunAsync("do: [ { a: { set: { x: 1 } } } ]", JsonValue.Null)).Status);
    }

    [Fact]
    public async Task Run_InputAgainstACatastrophicPattern_IsRefusedSoon()
    {
        var ended = await RunAsync("input: { schema: { document: { pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' } } }\ndo: [ { a: { set: { x: 1 } } } ]", new string('a', 100_000));

        Assert.Equal((RunStatus.Faulted, ProblemTypes.Validation), (ended.Status, ended.Error?.Type));
    }

    /// <summary>A loop carries its items in its state: were that stored at a fixed pace, a loop of n calls would write n² bytes.</summary>
    [Fact]
    public void SnapshotPace_LoopOf5000Calls_WritesAboutWhatTheEventsWrite()
    {
        var run = RunHarness.Tasks("  - each: { for: { in: '[range(5000)]' }, do: [ { a: { call: tool, with: { tool: s/a } } } ] }\n", check: false);
        var (pace, events, states, snapshots) = (SnapshotPace.From(null), 0L, 0L, 0);
        while (!run.State.Status.IsClosed())
        {
            run.Complete("a");
            var stored = RunJson.Serialize(run.Events[^1]);
            (events, pace) = (events + stored.Length, pace.After([stored]));
            if (!pace.IsDue) continue;
            var body = RunJson.Serialize(run.State);
            (states, snapshots, pace) = (states + body.Length, snapshots + 1, SnapshotPace.From(new RunSnapshot(run.State.Events, body)));
        }

        Assert.InRange(snapshots, 3, 5000 / 64);
        Assert.InRange(states, 0, events * 2);
    }

    private async Task<RunState> RunAsync(string tasks, JsonValue input)
    {
        var read = WorkflowReader.Read(Head + tasks, "hostile.yaml");
        Assert.True(read.Definition is not null, string.Join("\n", read.Findings));
        var digest = await Services.Catalog.StoreAsync(Tenant, read.Definition.Document, TestContext.Current.CancellationToken);
        var workflow = new WorkflowRef(read.Definition.Name.ToString(), read.Definition.Version, digest);
        var started = await Services.Engine.StartAsync(new StartRun(Tenant, workflow, new RunOrigin(Ana, null, "test"), input), TestContext.Current.CancellationToken);
        return await Services.Engine.WatchAsync(Tenant, started.State.Id, TestContext.Current.CancellationToken).LastAsync(TestContext.Current.CancellationToken);
    }
}
