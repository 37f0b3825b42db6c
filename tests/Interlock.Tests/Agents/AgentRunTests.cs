using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Usage;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Core.Workflows;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Local.Hosting;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Agents;

/// <summary>Whole runs of planners on an embedded host, against a model that answers at random: whatever happens, all figures are the same ones.</summary>
public sealed class AgentRunTests : IAsyncLifetime
{
    private const string Tasks = """
          - plan:
              call: autonomous
              with:
                goal: Find the pet.
                planner: planner
                pool: { tools: [pets/GET], agents: [helper] }
                limits: { steps: 60, calls: 200, consecutiveFailures: 60, repeats: 200 }
        """;

    private static readonly TenantId Tenant = new(LocalOptions.Tenant);
    private static readonly TokenPrices PlannerPrices = new(3_000_001, 15_000_007);
    private static readonly TokenPrices HelperPrices = new(250_003, 1_250_000);

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-agents-").FullName;
    private readonly ConcurrentDictionary<string, TokenCount> _told = new();
    private Random _random = new(0);
    private bool _isFaulty = true;
    private bool _failed;
    private StubServer? _pets;
    private StubServer? _model;
    private LocalServices? _services;

    /// <summary>What an answer waits for, from some answer on.</summary>
    private (int After, TaskCompletionSource Reached, Task LetGo) _hold = (int.MaxValue, new(), Task.CompletedTask);
    private int _answers;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private LocalServices Services => _services!; // opened before any test

    private Principal Dana => Services.User("dana")!; // written below

    public async ValueTask InitializeAsync()
    {
        _pets = await StubServer.StartAsync((context, _) => context.Response.WriteAsync("a dog"));
        _model = await StubServer.StartAsync(AnswerAsync);
        await File.WriteAllBytesAsync(Path.Combine(_data, "users.json"), CanonicalJson.Serialize(JsonValue.Object(("tenants", JsonValue.Object(
            (LocalOptions.Tenant, JsonValue.Object(("users", JsonValue.Object(("dana", JsonValue.Object(("name", "x"), ("groups", JsonValue.EmptyArray), ("roles", JsonValue.Array("admin")))))))))))), Token);
        _services = await OpenAsync();
        Assert.IsType<RegistryResult.Changed>(await Services.Registry.PublishPolicyAsync(Dana, "version: 1\nrules: [ { id: all, tools: ['*/*'], agents: ['*'], effect: allow } ]\n"));
        Assert.IsType<RegistryResult.Changed>(await Services.Registry.RegisterServerAsync(Dana, "pets", new Uri(_pets.Address, "/v2"), new ServerSettings { Protocol = ServerProtocol.Http }));
        await RegisterAsync("planner", "1.0.0", PlannerPrices);
        await RegisterAsync("helper", "2.1.0", HelperPrices);
    }

    public async ValueTask DisposeAsync()
    {
        await Services.DisposeAsync();
        await _pets!.DisposeAsync(); // started, as the other
        await _model!.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Runs_OfAModelThatAnswersAtRandom_HaveTheSameFiguresEverywhere()
    {
        var runs = new List<RunState>();
        foreach (var seed in Enumerable.Range(1, 8))
        {
            _random = new Random(seed);
            runs.Add(await RunAsync());
        }
        var told = _told.Values.Aggregate(default(TokenCount), (sum, one) => sum + one);
        var total = default(Figures);
        foreach (var run in runs) total += await AssertSameAsync(run);
        Assert.Equal(told, total.Tokens);
        Assert.True(told.Total > 0 && _told.Count == 2, "The helper was never asked.");
        var usage = await UsageAsync();
        Assert.Equal(total, Sum(usage.Where(one => one.Workflow == "test/doc").Select(Of)));
        Assert.Equal(total, Sum(usage.Select(Of))); // the tenant's: the tool costs nothing
        foreach (var (agent, version, prices) in new[] { ("planner", "1.0.0", PlannerPrices), ("helper", "2.1.0", HelperPrices) })
        {
            await Services.Gateway.Agents.UpdateAsync(Tenant, Token);
            var days = await Services.Gateway.Agents.ReadAsync(Tenant, agent, Token).ToListAsync(Token);
            Assert.All(days, day => Assert.Equal(version, day.Version));
            Assert.Equal(_told[agent], new TokenCount(days.Sum(day => day.InputTokens), days.Sum(day => day.OutputTokens)));
            Assert.Equal(usage.Where(one => one.Tool == agent).Sum(one => one.Cost), days.Sum(day => day.Cost));
            Assert.True(days.Sum(day => day.Conversations) > 0 && days.Sum(day => day.Choices) > 0);
        }
    }

    [Fact]
    public async Task Run_WhoseHostStopsInATurn_GoesOnAndCountsOnce()
    {
        foreach (var at in new[] { 1, 2, 4 })
        {
            (_random, _isFaulty) = (new Random(at), false);
            var letGo = new TaskCompletionSource();
            _hold = (_answers + at, new(TaskCreationOptions.RunContinuationsAsynchronously), letGo.Task);
            var run = await StartAsync();
            await _hold.Reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
            await Services.DisposeAsync();
            letGo.SetResult();
            _services = await OpenAsync();
            await AssertSameAsync(await EndedAsync(run));
        }
    }

    private async Task<Figures> AssertSameAsync(RunState run)
    {
        Assert.True(run.Status == RunStatus.Completed, run.Error?.ToString());
        var output = run.Output!; // it completed
        var counted = new Figures(new((long)output["tokens"]!["input"]!.AsNumber(), (long)output["tokens"]!["output"]!.AsNumber()), (long)output["cost"]!.AsNumber());
        Assert.Equal(counted, Sum((await RecordsAsync(run)).Where(record => record.Type == AuditTypes.CallOutcome).Select(Of)));
        Assert.Equal(counted, Sum((await LedgerAsync(run)).Select(row => new Figures(row.Use?.Tokens ?? default, row.Cost))));
        Assert.Equal(counted, Sum((await UsageAsync()).Where(usage => usage.Run == run.Id.Value).Select(Of)));
        return counted;
    }

    private static Figures Of(AuditRecord record) => record.Details?["tokens"] is not { } tokens ? default
        : new(new((long)tokens["input"]!.AsNumber(), (long)tokens["output"]!.AsNumber()), (long)(record.Details["cost"]?.AsNumber() ?? 0));

    private static Figures Of(Usage usage) => new(new(usage.InputTokens, usage.OutputTokens), usage.Cost);

    private static Figures Sum(IEnumerable<Figures> all) => all.Aggregate(default(Figures), (sum, one) => sum + one);

    private async Task<List<AuditRecord>> RecordsAsync(RunState run)
    {
        var records = new List<AuditRecord>();
        await foreach (var entry in Services.Audit.ReadAsync(Tenant, AuditChain.ForRun(Tenant, run.Id).Id, Token)) records.Add(entry.Record);
        return records;
    }

    private async Task<List<LedgerRow>> LedgerAsync(RunState run) =>
        await Services.Tables.QueryAsync("ledger", Keys.Join(Tenant.Value, $"run:{run.Id}"), cancellationToken: Token).Select(row => RunJson.FromValue<LedgerRow>(row.Body)).ToListAsync(Token);

    private async Task<List<Usage>> UsageAsync()
    {
        await Services.Gateway.Usage.UpdateAsync(Tenant, Token);
        return await Services.Gateway.Usage.ReadAsync(Tenant, DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow, Token).ToListAsync(Token);
    }

    private async Task<RunState> RunAsync() => await EndedAsync(await StartAsync());

    private async Task<RunId> StartAsync()
    {
        var read = WorkflowReader.Read(Workflows.Documents.Head.Replace("mode: supervised", "mode: autonomous", StringComparison.Ordinal) + Tasks, "doc.yaml");
        Assert.Equal([], read.Findings.Where(finding => finding.Severity == Severity.Error).Select(finding => finding.ToString()));
        var digest = await Services.Catalog.StoreAsync(Tenant, read.Definition!.Document, Token); // there are no errors
        return (await Services.Engine.StartAsync(new StartRun(Tenant, new WorkflowRef("test/doc", "1.0.0", digest), new RunOrigin(Dana, null, "test"), JsonValue.Null), Token)).State.Id;
    }

    private async Task<RunState> EndedAsync(RunId run)
    {
        RunState? state = null;
        await foreach (var next in Services.Engine.WatchAsync(Tenant, run, Token)) state = next;
        return state!; // it is watched from where it stands
    }

    private Task<LocalServices> OpenAsync() => LocalServices.OpenAsync(new LocalOptions(_data) { Egress = new EgressOptions { AllowLoopback = true } }, NullLoggerFactory.Instance, TimeProvider.System);

    private async Task RegisterAsync(string name, string version, TokenPrices prices) => Assert.IsType<RegistryResult.Changed>(await Services.Registry.RegisterAgentAsync(
        Dana, name, version, new Uri(_model!.Address, "/v1"),
        new AgentSettings { Protocol = AgentProtocol.Chat, Model = name, Prices = prices, Pool = new PoolRequest { Tools = ["pets/GET"] }, Limits = new AgentLimits { Steps = 60, Calls = 200, ConsecutiveFailures = 60, Repeats = 200 } }));

    /// <summary>Calls, choices that are refused, nonsense between and an end, at random; now and then a failure, after which it answers.</summary>
    private async Task AnswerAsync(HttpContext context, StubRequest request)
    {
        if (Interlocked.Increment(ref _answers) == _hold.After)
        {
            _hold.Reached.SetResult();
            await _hold.LetGo;
        }
        var model = request.Json!["model"]!.AsString(); // every turn has one
        var (status, body) = Next(model, isSecond: request.Json["messages"]!.Count > 2);
        if (status is 429) context.Response.Headers.RetryAfter = "0";
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        try
        {
            await context.Response.WriteAsync(body);
        }
        catch (OperationCanceledException)
        {
            // nobody waits any more
        }
    }

    private (int Status, string Body) Next(string model, bool isSecond)
    {
        lock (_told)
        {
            _failed = _isFaulty && !_failed && _random.Next(4) == 0;
            if (_failed) return (_random.Next(2) == 0 ? 429 : 500, "{}");
            var tokens = new TokenCount(_random.Next(0, 5000), _random.Next(0, 900));
            _told[model] = _told.GetValueOrDefault(model) + tokens;
            var reason = """ "interlock_reason": "It may be there" """;
            return (200, (isSecond ? _random.Next(8) : _random.Next(6)) switch
            {
                0 => ChatScript.Wants(tokens, ("a", "pets__GET", $$"""{ "path": "/v2/pets/{{_random.Next(9)}}", {{reason}} }"""), ("b", "pets__GET", $$"""{ "path": "/v2/x", {{reason}} }""")),
                1 => ChatScript.Wants(tokens, ("a", "pets__GET", $$"""{ "path": "/v2/pets", {{reason}} }""")),
                2 => ChatScript.Wants(tokens, ("a", "pets__DELETE", $$"""{ "path": "/v2/pets", {{reason}} }""")),
                3 => ChatScript.Wants(tokens, ("a", "pets__GET", "not JSON")),
                4 or 5 when model == "planner" => ChatScript.Wants(tokens, ("a", "helper", $$"""{ "task": "Look for it.", {{reason}} }""")),
                _ => ChatScript.Says("It is a dog.", tokens),
            });
        }
    }

    private readonly record struct Figures(TokenCount Tokens, long Cost)
    {
        public static Figures operator +(Figures one, Figures other) => new(one.Tokens + other.Tokens, one.Cost + other.Cost);
    }
}
