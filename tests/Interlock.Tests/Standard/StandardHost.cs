using System.Text.RegularExpressions;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Local.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Standard;

/// <summary>The embedded host with its real gateway, over a folder of its own, in front of <see cref="StandardWorld"/>. Time passes when a case says so.</summary>
public sealed partial class StandardHost : IAsyncLifetime
{
    private const string Policy = """
        version: 1
        rules:
          - { id: world, principals: [ { any: true } ], tools: ['world/*', 'keyed/*'], effect: allow }
        """;

    /// <summary>Timers that were set a moment ago are due a moment later.</summary>
    private static readonly TimeSpan _margin = TimeSpan.FromSeconds(10);

    private static readonly TenantId _tenant = new(LocalOptions.Tenant);
    private static readonly Principal _ada = new(_tenant, "ada", PrincipalKind.User, "Ada", [], ["author", "admin"]);

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-standard-").FullName;
    private readonly PassingTime _time = new();
    private StandardWorld? _world;
    private LocalServices? _services;

    private LocalServices Services => _services!; // set before any test

    public async ValueTask InitializeAsync()
    {
        _world = await StandardWorld.StartAsync();
        new LocalSecrets(_data).Set("my-secret", "word");
        _services = await LocalServices.OpenAsync(new LocalOptions(_data) { Egress = new EgressOptions { AllowLoopback = true } }, NullLoggerFactory.Instance, _time);
        Assert.IsType<RegistryResult.Changed>(await _services.Registry.PublishPolicyAsync(_ada, Policy));
        await RegisterAsync("world", "/", """{"protocol":"http"}""");
        await RegisterAsync("keyed", "/petstore.swagger.io", """{"protocol":"http","auth":{"type":"apiKey","secret":"my-secret"}}""");
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null) await _services.DisposeAsync();
        if (_world is not null) await _world.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    /// <summary>
    /// Checks the document as it is, publishes it with what documents of the standard lack, and runs it to its end. What it finds besides the lack is the reason of a refusal: then there is no run.
    /// </summary>
    internal async Task<(IReadOnlyList<Finding> Refused, RunState? End)> RunAsync(StandardCase one, JsonValue document, string suffix = "")
    {
        _world!.Begin(); // set before any test
        var name = Slug().Replace(one.Name.ToLowerInvariant(), "-") + suffix;
        document = Located(document, key: "");
        document = document.With("document", document["document"]!.With("namespace", "standard").With("name", name)); // every document has one
        var refused = Errors(WorkflowReader.FromDocument(document)).Where(finding => finding.Rule is not ("on-error" or "on-timeout")).ToArray();
        var completed = StandardDocument.Complete(document);
        if (refused.Length > 0 || Errors(WorkflowReader.FromDocument(completed)) is [_, ..]) return (refused, null);
        await PublishAsync(completed);
        if (one.Beside is { } beside) await PublishAsync(StandardDocument.Complete(beside));
        var started = Assert.IsType<IntakeResult.Started>(one.Source["starts"] is { } trigger
            ? await Services.Intake.ReceiveAsync(_ada, Event(one, trigger, 0), Token)
            : await Services.Intake.StartAsync(_ada, "standard/" + name, null, one.Input, "test", null, Token));
        var run = started.Runs.Single(run => run.State.Workflow.Name == "standard/" + name).State.Id;
        try
        {
            return ([], await EndAsync(one, run));
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            var state = await Services.Engine.GetAsync(_tenant, run, Token);
            throw new InvalidOperationException($"The run is {state?.Status.Text()} after {state?.Events} events and waits for {string.Join(", ", state?.Pending.Values ?? [])}.");
        }
    }

    private async Task RegisterAsync(string name, string path, string text)
    {
        var (settings, problem) = SettingsReader.Read(StrictJson.Parse(text), "");
        Assert.Null(problem);
        Assert.IsType<RegistryResult.Changed>(await Services.Registry.RegisterServerAsync(_ada, name, new Uri(_world!.Address, path), settings)); // set before any test
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Finding[] Errors(WorkflowReadResult read) => [.. read.Findings.Where(finding => finding.Severity == Severity.Error)];

    private async Task PublishAsync(JsonValue document)
    {
        var published = await Services.Registry.PublishWorkflowAsync(_ada, document.ToString(), "workflow.json", Token);
        Assert.True(published is RegistryResult.Changed, (published as RegistryResult.Refused)?.Problem.Detail);
    }

    /// <summary>Delivers the case's events, each once the run listens, and lets time pass where nothing else is awaited.</summary>
    private async Task<RunState> EndAsync(StandardCase one, RunId run)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        var number = 0;
        foreach (var source in one.Events)
        {
            var before = await UntilAsync(run, state => state.Pending.Values.Any(command => command is Command.AwaitEvent), patience.Token);
            await Services.Intake.ReceiveAsync(_ada, Event(one, source.Without("ignored"), ++number), patience.Token);
            if (source["ignored"] is null) await UntilAsync(run, state => state.Events > before, patience.Token);
        }
        var left = one.Passes is { } passes ? Durations.Parse(passes) : TimeSpan.Zero;
        RunState? last = null;
        await foreach (var state in Services.Engine.WatchAsync(_tenant, run, patience.Token))
        {
            last = state;
            if (Due(state) - _time.GetUtcNow() is not { } step || step > left || step <= TimeSpan.Zero) continue;
            left -= step;
            _time.Advance(step + _margin);
        }
        return last ?? throw new InvalidOperationException("There is no such run.");
    }

    /// <summary>Returns once this holds of the run, or it ended: how many events it took by then.</summary>
    private async Task<long> UntilAsync(RunId run, Func<RunState, bool> holds, CancellationToken cancellationToken)
    {
        var taken = 0L;
        await foreach (var state in Services.Engine.WatchAsync(_tenant, run, cancellationToken))
        {
            taken = state.Events;
            if (holds(state)) break;
        }
        return taken;
    }

    /// <summary>When the next timer is due, if the run waits for nothing that ends by itself.</summary>
    private static DateTimeOffset? Due(RunState state) => state.Pending.Values.Any(command => command is Command.Call or Command.EmitEvent or Command.StartChild)
        ? null
        : state.Pending.Values.OfType<Command.StartTimer>().Select(timer => (DateTimeOffset?)timer.DueAt).Min();

    private static CloudEvent Event(StandardCase one, JsonValue source, int number)
    {
        var (read, error) = CloudEvent.Read(source.With("specversion", "1.0").With("id", $"{one.Name}-{number}-{Guid.NewGuid()}").With("source", "https://events.example"));
        return read ?? throw new InvalidOperationException(error);
    }

    /// <summary>The document with every endpoint moved to the local server, and the secret's name as names of secrets are here.</summary>
    private JsonValue Located(JsonValue value, string key) => value.Kind switch
    {
        JsonKind.Array => JsonValue.Array(value.Items.Select(item => Located(item, key))),
        JsonKind.Object => JsonValue.Object(value.Members.Select(member => KeyValuePair.Create(member.Key, Located(member.Value, member.Key)))),
        JsonKind.String when key is "endpoint" or "uri" => JsonValue.From(Host().Replace(value.AsString(), match => new Uri(_world!.Address, "/" + match.Groups[1].Value).AbsoluteUri)), // set before any test
        JsonKind.String when value.AsString() == "mySecret" => JsonValue.From("my-secret"),
        _ => value,
    };

    [GeneratedRegex("https?://([A-Za-z0-9.-]+)")]
    private static partial Regex Host();

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Slug();
}
