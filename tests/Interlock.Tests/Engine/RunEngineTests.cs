using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Local.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Engine;

public sealed class RunEngineTests : IAsyncLifetime
{
    private static readonly TenantId Tenant = new(LocalOptions.Tenant);
    private static readonly Principal Ana = new(Tenant, "ana", PrincipalKind.User, "Ana", [], []);

    private const string Head = "document: { dsl: 1.0.3, namespace: t, name: engine, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }\ntimeout: { after: { hours: 1 } }\n";

    private const string Counting = Head + """
        do:
          - count:
              for: { each: n, in: '[range(200)]' }
              do:
                - pause: { wait: { milliseconds: 1 } }
                - add: { set: { sum: '${ (.sum // 0) + $n }' } }
        """;

    private const string Waiting = Head + """
        do:
          - pause: { wait: { hours: 1 } }
          - done: { set: { done: true } }
        """;

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-engine-").FullName;
    private LocalServices? _services;

    private LocalServices Services => _services ?? throw new InvalidOperationException("Not open.");

    public async ValueTask InitializeAsync() => await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await Services.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Run_RestartedInTheMiddle_GoesOnFromSnapshotAndLogToTheSameEnd()
    {
        var run = await StartAsync(Counting, JsonValue.EmptyObject);
        await foreach (var state in Services.Engine.WatchAsync(Tenant, run, TestContext.Current.CancellationToken))
            if (state.Events > 100) break;
        await Services.DisposeAsync();
        await OpenAsync();

        var ended = await EndAsync(run);

        Assert.Equal(RunStatus.Completed, ended.Status);
        Assert.Equal(JsonValue.Object(("sum", 19900)), ended.Output);
        Assert.Equal(201, ended.Events);
        Assert.Equal(ended.Events, await EventsAsync(run).CountAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Events_FoldedFromTheLog_GiveTheStoredState()
    {
        var run = await StartAsync(Counting, JsonValue.EmptyObject);
        var ended = await EndAsync(run);
        var definition = await Services.Catalog.LoadAsync(Tenant, ended.Workflow.Digest, TestContext.Current.CancellationToken);
        RunState? folded = null;
        await foreach (var happened in EventsAsync(run))
            folded = folded is null ? Interpreter.Start(definition, (RunEvent.RunStarted)happened) : Interpreter.Advance(definition, folded, happened);

        Assert.Equal(RunJson.Serialize(ended), RunJson.Serialize(folded));
    }

    [Fact]
    public async Task Start_TheSameIdManyTimesAtOnce_StartsOneRun()
    {
        var id = new RunId(new string('a', 32));
        var starts = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => StartAsync(Waiting, JsonValue.Null, id)));

        Assert.Single(starts.Distinct());
        Assert.Single(await Services.Engine.QueryAsync(new RunQuery(Tenant), TestContext.Current.CancellationToken));
        Assert.Equal(1, await EventsAsync(id).CountAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>What reaches a run after its end is answered too, also where somebody watches it.</summary>
    [Fact]
    public async Task Cancel_ManyAtOnceWhileWatched_EveryoneIsAnswered()
    {
        for (var round = 0; round < 50; round++)
        {
            var run = await StartAsync(Waiting, JsonValue.Null);
            await foreach (var _ in Services.Engine.WatchAsync(Tenant, run, TestContext.Current.CancellationToken)) break;
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Services.Engine.CancelAsync(Tenant, run, Ana, null, TestContext.Current.CancellationToken))))
                .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Cancel_WaitingRun_ClosesItAndRecordsWhoAsked()
    {
        var run = await StartAsync(Waiting, JsonValue.Null);

        Assert.True(await Services.Engine.CancelAsync(Tenant, run, Ana, "not today", TestContext.Current.CancellationToken));

        var ended = await EndAsync(run);
        Assert.Equal(RunStatus.Cancelled, ended.Status);
        Assert.False(await Services.Engine.CancelAsync(Tenant, run, Ana, null, TestContext.Current.CancellationToken));
        var records = await Services.Audit.ReadAsync(Tenant, AuditChain.ForRun(Tenant, run).Id, TestContext.Current.CancellationToken).Select(entry => entry.Record).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([AuditTypes.RunStarted, AuditTypes.RunState, AuditTypes.RunState], records.Select(record => record.Type));
        Assert.Equal(("cancel", "not today"), (records[1].Decision, records[1].Reason));
        Assert.Equal("cancelled", records[2].Outcome);
    }

    [Fact]
    public async Task Suspended_RunAcrossARestart_StartsNothingUntilResumed()
    {
        var run = await StartAsync(Counting, JsonValue.EmptyObject);
        Assert.True(await Services.Engine.SuspendAsync(Tenant, run, Ana, null, TestContext.Current.CancellationToken));
        await Services.DisposeAsync();
        await OpenAsync();
        var suspended = await Services.Engine.GetAsync(Tenant, run, TestContext.Current.CancellationToken);
        Assert.True(suspended?.Suspended);
        Assert.NotEqual(RunStatus.Completed, suspended?.Status);

        Assert.True(await Services.Engine.ResumeAsync(Tenant, run, Ana, TestContext.Current.CancellationToken));

        Assert.Equal(JsonValue.Object(("sum", 19900)), (await EndAsync(run)).Output);
    }

    [Fact]
    public async Task Run_OfAnotherTenant_IsAsGoodAsNone()
    {
        var run = await StartAsync(Waiting, JsonValue.Null);
        var other = new TenantId("other");

        Assert.Null(await Services.Engine.GetAsync(other, run, TestContext.Current.CancellationToken));
        Assert.Empty(await Services.Engine.QueryAsync(new RunQuery(other), TestContext.Current.CancellationToken));
        Assert.False(await Services.Engine.CancelAsync(other, run, Ana with { Tenant = other }, null, TestContext.Current.CancellationToken));
        Assert.Equal(0, await Services.Engine.EventsAsync(other, run, TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ManyRunsAtOnce_AllComplete()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => StartAsync(Counting.Replace("range(200)", "range(5)", StringComparison.Ordinal), JsonValue.EmptyObject)));

        foreach (var run in runs) Assert.Equal(JsonValue.Object(("sum", 10)), (await EndAsync(run)).Output);
    }

    private async Task OpenAsync() =>
        _services = await LocalServices.OpenAsync(new LocalOptions(_data), NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);

    private async Task<RunId> StartAsync(string yaml, JsonValue input, RunId? id = null)
    {
        var read = WorkflowReader.Read(yaml, "engine.yaml");
        Assert.True(read.Definition is not null, string.Join("\n", read.Findings));
        var digest = await Services.Catalog.StoreAsync(Tenant, read.Definition.Document, TestContext.Current.CancellationToken);
        var workflow = new WorkflowRef(read.Definition.Name.ToString(), read.Definition.Version, digest);
        var started = await Services.Engine.StartAsync(new StartRun(Tenant, workflow, new RunOrigin(Ana, null, "test"), input) { Id = id }, TestContext.Current.CancellationToken);
        return started.State.Id;
    }

    private async Task<RunState> EndAsync(RunId run) =>
        await Services.Engine.WatchAsync(Tenant, run, TestContext.Current.CancellationToken).LastAsync(TestContext.Current.CancellationToken);

    private IAsyncEnumerable<RunEvent> EventsAsync(RunId run) => Services.Engine.EventsAsync(Tenant, run, TestContext.Current.CancellationToken);
}
