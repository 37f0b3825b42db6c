using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Local.Engine;
using Interlock.Local.Storage;
using Interlock.Tests.Gateway;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Engine;

/// <summary>Runs of the embedded host whose calls go on at their upstreams.</summary>
public sealed class HandedRunTests : IDisposable
{
    private const string Document = """
        document: { dsl: 1.0.3, namespace: t, name: handed, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        timeout: { after: { hours: 1 } }
        do:
          - read: { call: tool, with: { tool: crm/read, arguments: { service: mail } } }
        """;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly string _data = Directory.CreateTempSubdirectory("interlock-handed-").FullName;
    private readonly ManualClock _clock = new(World.Start);

    private static CancellationToken Token => World.Token;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Call_Handed_IsAskedAfterUntilTheRunCompletes()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(HandleTests.Handed("t1", Minute), HandleTests.Handed("t1", Minute), StubUpstream.Done());
        await using var database = SqliteDatabase.Open(_data);
        await using var engine = await EngineAsync(world, database);
        var run = await StartAsync(world, engine);
        for (var polls = 0; polls < 2; polls++)
        {
            await _clock.TimerAsync(Minute);
            _clock.Advance(Minute);
        }
        Assert.Equal(RunStatus.Completed, (await engine.WatchAsync(World.Tenant, run, Token).LastAsync(Token)).Status);
        Assert.Equal([null, "t1", "t1"], world.Upstream.Calls.Select(sent => sent.Task));
    }

    [Fact]
    public async Task Call_HandedAndTheRunIsCancelled_IsStopped()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(HandleTests.Handed("t1", Minute), HandleTests.Handed("t1", Minute));
        await using var database = SqliteDatabase.Open(_data);
        await using var engine = await EngineAsync(world, database);
        var run = await StartAsync(world, engine);
        await _clock.TimerAsync(Minute);
        Assert.True(await engine.CancelAsync(World.Tenant, run, world.Ana, "enough", Token));
        Assert.Equal(RunStatus.Cancelled, (await engine.WatchAsync(World.Tenant, run, Token).LastAsync(Token)).Status);
        Assert.Equal([false, true], world.Upstream.Calls.Select(sent => sent.Stop));
    }

    [Fact]
    public async Task Call_HandedAndTheHostRestarts_IsAskedAfterAndNotMadeAgain()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(HandleTests.Handed("t1", Minute), StubUpstream.Done());
        await using var database = SqliteDatabase.Open(_data);
        RunId run;
        await using (var engine = await EngineAsync(world, database))
        {
            run = await StartAsync(world, engine);
            await _clock.TimerAsync(Minute);
        }
        _clock.Advance(Minute);
        await using var again = await EngineAsync(world, database);
        Assert.Equal(RunStatus.Completed, (await again.WatchAsync(World.Tenant, run, Token).LastAsync(Token)).Status);
        Assert.Equal([null, "t1"], world.Upstream.Calls.Select(sent => sent.Task));
        Assert.DoesNotContain(world.Upstream.Calls, sent => sent.Stop);
    }

    private async Task<RunEngine> EngineAsync(World world, SqliteDatabase database)
    {
        var engine = new RunEngine(new RunLog(database), new WorkflowCatalog(world.Blobs), world.Node.Audit, _clock, NullLogger<RunEngine>.Instance);
        var node = new Node(world, world.Memory, fence: engine, time: _clock);
        await engine.ResumeAllAsync(new SteadyRunner(new CommandRunner(node.Gateway, node.Desk, _clock), _clock, NullLogger<SteadyRunner>.Instance), Token);
        return engine;
    }

    private static async Task<RunId> StartAsync(World world, RunEngine engine)
    {
        var definition = WorkflowReader.Read(Document, "handed.yaml").Definition!; // it reads
        var digest = await new WorkflowCatalog(world.Blobs).StoreAsync(World.Tenant, definition.Document, Token);
        var workflow = new WorkflowRef(definition.Name.ToString(), definition.Version, digest);
        return (await engine.StartAsync(new StartRun(World.Tenant, workflow, world.Origin, JsonValue.EmptyObject), Token)).State.Id;
    }
}
