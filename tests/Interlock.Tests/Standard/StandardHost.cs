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
using Interlock.Tests.Azure.Parity;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Standard;

/// <summary>The embedded host with its real gateway, over a folder of its own, in front of <see cref="StandardWorld"/>. Time passes when a case says so.</summary>
public sealed partial class StandardHost : IAsyncLifetime
{
    private const string Policy = """
        version: 1
        rules:
          - { id: world, principals: [ { any: true } ], tools: ['world/*'], effect: allow }
        """;

    private static readonly TenantId _tenant = new(LocalOptions.Tenant);
    private static readonly Principal _ada = new(_tenant, "ada", PrincipalKind.User, "Ada", [], ["author", "admin"]);

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-standard-").FullName;
    private readonly StillTime _time = new(DateTimeOffset.UtcNow);
    private StandardWorld? _world;
    private LocalServices? _services;

    private LocalServices Services => _services!; // set before any test

    public async ValueTask InitializeAsync()
    {
        _world = await StandardWorld.StartAsync();
        _services = await LocalServices.OpenAsync(new LocalOptions(_data) { Egress = new EgressOptions { AllowLoopback = true } }, NullLoggerFactory.Instance, _time);
        Assert.IsType<RegistryResult.Changed>(await _services.Registry.PublishPolicyAsync(_ada, Policy));
        var (settings, problem) = SettingsReader.Read(StrictJson.Parse("""{"protocol":"http"}"""), "");
        if (problem is null)
        Assert.IsType<RegistryResult.Changed>(await _services.Registry.RegisterServerAsync(_ada, "world", _world.Address, settings));
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
    internal async Task<(IReadOnlyList<Finding> Refused, RunState? End)> RunAsync(StandardCase one, JsonValue document)
    {
        _world!.Begin(); // set before any test
        var name = Slug().Replace(one.Name.ToLowerInvariant(), "-");
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
        return ([], await EndAsync(one, started.Runs.Single(run => run.State.Workflow.Name == "standard/" + name).State.Id));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Finding[] Errors(WorkflowReadResult read) => [.. read.Findings.Where(finding => finding.Severity == Severity.Error)];

    private async Task PublishAsync(JsonValue document)
    {
        var published = await Services.Registry.PublishWorkflowAsync(_ada, document.ToString(), "workflow.json", Token);
        Assert.True(published is RegistryResult.Changed, (published as RegistryResult.Refused)?.Problem.Detail);
    }

    /// <summary>Delivers the case's events, each once the run listens and took the one before, and lets time pass where nothing else is awaited.</summary>
    private async Task<RunState> EndAsync(StandardCase one, RunId run)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        var events = new Queue<JsonValue>(one.Events);
        var left = one.Passes is { } passes ? Durations.Parse(passes) : TimeSpan.Zero;
        var (last, delivered, seen) = ((RunState?)null, 0, -1L);
        await foreach (var state in Services.Engine.WatchAsync(_tenant, run, patience.Token))
        {
            last = state;
            var isListening = state.Pending.Values.Any(command => command is Command.AwaitEvent);
            if (isListening && events.Count > 0 && state.Events > seen)
            {
                seen = state.Events;
                await Services.Intake.ReceiveAsync(_ada, Event(one, events.Dequeue(), ++delivered), patience.Token);
            }
            else if (events.Count == 0 && Due(state) is { } due && due - _time.GetUtcNow() is var step && step <= left && step > TimeSpan.Zero)
            {
                left -= step;
                _time.Advance(step);
            }
        }
        return last ?? throw new InvalidOperationException("There is no such run.");
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

    /// <summary>The document with every endpoint moved to the local server.</summary>
    private JsonValue Located(JsonValue value, string key) => value.Kind switch
    {
        JsonKind.Array => JsonValue.Array(value.Items.Select(item => Located(item, key))),
        JsonKind.Object => JsonValue.Object(value.Members.Select(member => KeyValuePair.Create(member.Key, Located(member.Value, member.Key)))),
        JsonKind.String when key is "endpoint" or "uri" => JsonValue.From(Host().Replace(value.AsString(), match => new Uri(_world!.Address, "/" + match.Groups[1].Value).AbsoluteUri)), // set before any test
        _ => value,
    };

    [GeneratedRegex("https?://([A-Za-z0-9.-]+)")]
    private static partial Regex Host();

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Slug();
}
