using System.Collections.Immutable;
using System.Security.Cryptography;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Identity;
using Interlock.Core.Intake.Events;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Intake;

/// <summary>How runs come about: a caller asks for one, or an event starts those workflows that listen to it. Each at most once.</summary>
public sealed class RunIntake
{
    private const string KeyTable = "startkeys";
    private const string PublisherRule = "publisher-not-authorized";

    /// <summary>How long a caller's key stands for its input; the run that it stands for stays the same for ever.</summary>
    private static readonly TimeSpan KeysKept = TimeSpan.FromDays(30);

    private readonly PolicyCache _policies = new();
    private readonly RegistryStore _registries;
    private readonly WorkflowCatalog _catalog;
    private readonly IRunHost _runs;
    private readonly ITableStore _store;
    private readonly AuditLog _audit;
    private readonly TimeProvider _time;
    private readonly EventStore _events;
    private readonly EventCollector _collector;
    private RunCaps? _caps;

    /// <param name="registries">Which workflows there are.</param>
    /// <param name="catalog">Their documents.</param>
    /// <param name="runs">Runs them.</param>
    /// <param name="store">Where events and listeners are kept.</param>
    /// <param name="audit">Where refusals are recorded.</param>
    /// <param name="time">The clock.</param>
    /// <param name="publisher">Where events that runs emit go besides; null for nowhere.</param>
    /// <param name="clocks">How much the clocks of the processes that share the store may differ.</param>
    public RunIntake(
        RegistryStore registries, WorkflowCatalog catalog, IRunHost runs, ITableStore store, AuditLog audit, TimeProvider time, IEventPublisher? publisher = null, TimeSpan clocks = default)
    {
        (_registries, _catalog, _runs, _store, _audit, _time, _events) = (registries, catalog, runs, store, audit, time, new EventStore(store));
        _collector = new EventCollector(store, _events, time);
        Listening = new Listening(_events, store, runs, time, clocks);
        Delivery = new EventDelivery(_events, Listening, (received, cancellation) => StartAsync(received, cancellation), publisher, time);
    }

    /// <summary>What one principal may have under way.</summary>
    public PrincipalCaps Caps { get; init; } = new();

    /// <summary>Says which groups those are in who are behind an emitted event; without it they are in none.</summary>
    public IDirectory? Directory { get; init; }

    /// <summary>Runs that wait for events.</summary>
    public Listening Listening { get; }

    /// <summary>Removes what stands for runs and events that are gone, now and then.</summary>
    public async Task SweepAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        await Listening.SweepAsync(tenant, cancellationToken);
        await _collector.PurgeAsync(tenant, cancellationToken);
    }

    /// <summary>What is left to be delivered.</summary>
    public EventDelivery Delivery { get; }

    /// <summary>
    /// Starts the newest active version of a workflow in the range. A key (at most 256 characters) makes repeating safe: the same key with the
    /// same input gives the same run, with another input it is refused (<c>key-reuse</c>), for 30 days at the least.
    /// </summary>
    public async Task<IntakeResult> StartAsync(
        Principal by, string workflow, string? version, JsonValue input, string trigger, string? key = null, CancellationToken cancellationToken = default)
    {
        var (entry, problem) = await ResolveAsync(by.Tenant, workflow, version, cancellationToken);
        if (entry is null) return new IntakeResult.Refused(problem!); // one of the two
        RunId? id = null;
        if (key is not null)
        {
            if (key.Length is 0 or > 256) return Invalid("An idempotency key has 1 to 256 characters.");
            id = new RunId(DerivedId.Of("key", by.Tenant.Value, by.Subject, workflow, key));
            if (await ConflictAsync(by.Tenant, id.Value, JsonValue.Object(("workflow", workflow), ("input", CanonicalJson.Digest(input))), cancellationToken))
            {
                await RecordConflictAsync(by, "key-reuse", $"workflow:{workflow}", input, id.Value, cancellationToken);
                return new IntakeResult.Refused(new Problem(ProblemTypes.Conflict, 409, "The idempotency key was used for something else", "Use a new key for a new input.") { Rule = "key-reuse" }) { IsRecorded = true };
            }
        }
        var (run, capped) = await StartAsync(by.Tenant, entry, new RunOrigin(by, null, trigger), input, id, cancellationToken);
        return run is null ? await CappedAsync(by, entry, capped!, cancellationToken) : new IntakeResult.Started([run]); // one of the two
    }

    /// <summary>Which rules apply to a version of a workflow.</summary>
    internal async Task<ExecutionMode> ModeAsync(TenantId tenant, RegistryEntry entry, CancellationToken cancellationToken) =>
        (await _catalog.LoadAsync(tenant, entry.As<WorkflowBody>().DocumentDigest, cancellationToken)).Mode;

    /// <summary>The newest active version in the range, which new runs get, or why there is none: a deprecated one starts no new runs.</summary>
    internal async Task<(RegistryEntry? Entry, Problem? Problem)> ResolveAsync(TenantId tenant, string workflow, string? version, CancellationToken cancellationToken)
    {
        var resolution = (await _registries.ReadAsync(tenant, cancellationToken)).Resolve(RegistryKind.Workflow, workflow, version);
        if (resolution is Resolution.Found { RepinnedFrom: null } found) return (found.Entry, null);
        var refused = resolution as Resolution.Refused ?? new Resolution.Refused("deprecated", 410, $"'{workflow}' is deprecated: it starts no new runs.");
        return (null, new Problem(refused.Status == 404 ? ProblemTypes.NotFound : ProblemTypes.Refused, refused.Status, "The workflow can't be started", refused.Detail) { Rule = refused.Rule });
    }

    /// <summary>
    /// Takes an event: starts every active workflow whose <c>schedule.on</c> it matches, each once however often the event comes, and tells the runs that
    /// listen. The same id and source with other content is refused (<c>event-conflict</c>), and so is what the policy does not let this publisher publish
    /// (<c>publisher-not-authorized</c>). A run started by an event acts for the publisher. Once the event is stored nothing of this is lost: what does not happen here
    /// is done later. What is refused with 429 is to be sent again, and starts what is missing then.
    /// </summary>
    public Task<IntakeResult> ReceiveAsync(Principal publisher, CloudEvent happened, CancellationToken cancellationToken = default) =>
        ReceiveAsync(publisher, happened, null, cancellationToken);

    /// <summary>The same for an event that a run emitted.</summary>
    internal async Task<IntakeResult> ReceiveAsync(Principal publisher, CloudEvent happened, EventCause? cause, CancellationToken cancellationToken)
    {
        if (await UnauthorizedAsync(publisher, happened, cause, cancellationToken) is { } unauthorized)
        {
            await RecordAsync(publisher, PublisherRule, $"event:{happened.Type}", $"source {Excerpt.Of(happened.Source, 200)}", cancellationToken);
            return new IntakeResult.Refused(new Problem(ProblemTypes.Authorization, 403, "The event is not this publisher's", $"No rule of the policy's events lets {unauthorized} publish this type from this source.") { Stage = "intake", Rule = PublisherRule }) { IsRecorded = true };
        }
        if (cause is null && happened.Json[CloudEvent.OwnKey]?.StringOrNull() is { } own && await _events.IsKnownAsync(publisher.Tenant, own, cancellationToken))
            return new IntakeResult.Started([]); // a run emitted it, and it was delivered then
        var received = new ReceivedEvent(DerivedId.Of("event", publisher.Tenant.Value, publisher.Subject, happened.Source, happened.Id), _time.GetUtcNow(), publisher, happened.Json) { Cause = cause };
        if (!EventStore.Fits(received)) return new IntakeResult.Refused(new Problem(ProblemTypes.Limit, 413, "The event is too large", "An event has at most 900 KiB as JSON.") { Rule = "event-too-large" });
        var acceptance = await _events.AcceptAsync(received, received.ArrivedAt + EventDelivery.Lease, cancellationToken);
        if (acceptance is Acceptance.Conflict)
        {
            await RecordConflictAsync(publisher, "event-conflict", $"event:{happened.Type}", happened.Json, new RunId(received.Key), cancellationToken);
            return new IntakeResult.Refused(new Problem(ProblemTypes.Conflict, 409, "An event of this id and source came before with other content", "Give each event an id of its own.") { Rule = "event-conflict" }) { IsRecorded = true };
        }
        var result = await StartAsync(acceptance is Acceptance.Known known ? known.Before : received, cancellationToken);
        if (acceptance is Acceptance.Taken { Due: var due }) await Delivery.GoOnAsync(received, due, cancellationToken);
        return result;
    }

    /// <summary>The first whom the policy does not let publish the event, or null: what a run emits, everybody behind the run must be let publish.</summary>
    private async Task<string?> UnauthorizedAsync(Principal publisher, CloudEvent happened, EventCause? cause, CancellationToken cancellationToken)
    {
        var policy = _policies.Of(await _registries.ReadAsync(publisher.Tenant, cancellationToken));
        if (policy.Publishers is null) return null;
        if (!policy.MayPublish(new ChainMember(publisher.Subject, publisher.Groups.IsDefault ? [] : publisher.Groups), happened.Type, happened.Source)) return publisher.Subject;
        foreach (var subject in cause?.Origin.Behind ?? [])
        {
            ImmutableArray<string> groups = subject is ['u', 's', 'e', 'r', ':', .. var person] && Directory is { } directory ? [.. await directory.GroupsOfAsync(publisher.Tenant, person, cancellationToken)] : [];
            if (!policy.MayPublish(new ChainMember(subject, groups), happened.Type, happened.Source)) return subject;
        }
        return null;
    }

    private async Task<IntakeResult> StartAsync(ReceivedEvent received, CancellationToken cancellationToken)
    {
        var publisher = received.Publisher;
        var happened = CloudEvent.Read(received.Event).Event ?? throw new InvalidDataException($"The stored event {received.Key} is no CloudEvent.");
        var registry = await _registries.ReadAsync(publisher.Tenant, cancellationToken);
        var started = new List<RunStart>();
        var problems = new List<Problem>();
        IntakeResult? capped = null;
        foreach (var name in registry.OfKind(RegistryKind.Workflow).Where(entry => entry.Lifecycle == Lifecycle.Active).Select(entry => entry.Name).Distinct())
        {
            var entry = registry.Newest(RegistryKind.Workflow, name)!; // at least one is active
            var definition = await _catalog.LoadAsync(publisher.Tenant, entry.As<WorkflowBody>().DocumentDigest, cancellationToken);
            switch (definition.On)
            {
                case null:
                    continue;
                case EventConsumption.All all:
                    var (runs, full, problem) = await _collector.GatherAsync(
                        entry, all, received, (gathered, of) => StartAsync(publisher.Tenant, entry, ReceivedEvent.OriginOf(gathered), JsonValue.Array(gathered.Select(one => one.Event)), of, cancellationToken),
                        cancellationToken);
                    started.AddRange(runs);
                    if (full is not null) capped = await CappedAsync(publisher, entry, full, cancellationToken);
                    if (problem is not null) problems.Add(problem);
                    break;
                case var trigger:
                    var (isMatch, failure) = EventMatch.Matches(trigger, happened);
                    if (failure is not null) problems.Add(failure);
                    if (!isMatch) break;
                    var id = new RunId(DerivedId.Of("run", publisher.Tenant.Value, received.Key, name));
                    var (run, refusal) = await StartAsync(publisher.Tenant, entry, received.Origin(), JsonValue.Array(happened.Json), id, cancellationToken);
                    if (run is null) capped = await CappedAsync(publisher, entry, refusal!, cancellationToken); // one of the two
                    else started.Add(run);
                    break;
            }
        }
        if (capped is not null) return capped; // sent again, the event starts what it did not start now
        return started.Count == 0 && problems.Count > 0 ? new IntakeResult.Refused(problems[0]) : new IntakeResult.Started(started);
    }

    private async Task<IntakeResult> CappedAsync(Principal by, RegistryEntry entry, Problem refusal, CancellationToken cancellationToken)
    {
        await RecordAsync(by, refusal.Rule!, $"workflow:{entry.Name}", refusal.Detail, cancellationToken); // every cap has one
        return new IntakeResult.Refused(refusal) { IsRecorded = true };
    }

    /// <summary>Starts a run of that version, owned by whoever published it; or why its starter may have no more, which is not recorded here.</summary>
    internal async Task<(RunStart? Run, Problem? Refusal)> StartAsync(TenantId tenant, RegistryEntry entry, RunOrigin origin, JsonValue input, RunId? id, CancellationToken cancellationToken)
    {
        var run = id ?? new RunId(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        var caps = _caps ??= new RunCaps(_store, _runs, Caps, _time);
        if (await caps.RefuseAsync(origin.Starter, run, cancellationToken) is { } refusal) return (null, refusal);
        var body = entry.As<WorkflowBody>();
        var request = new StartRun(tenant, new WorkflowRef(entry.Name, entry.Version, body.DocumentDigest), origin with { WorkflowOwner = body.Owner }, input) { Id = run };
        return (await _runs.StartAsync(request, cancellationToken), null);
    }

    /// <summary>Remembers what a key's run stands for; whether it stood for something else before.</summary>
    private async Task<bool> ConflictAsync(TenantId tenant, RunId id, JsonValue body, CancellationToken cancellationToken)
    {
        var key = new RowKey(Keys.Join(tenant.Value, id.Value), "seen");
        if (await _store.GetAsync(KeyTable, key, cancellationToken) is { } before) return before.Body != body;
        await new Expiries(_store).NoteAsync(tenant, new Expiry(KeyTable, key, _time.GetUtcNow() + KeysKept), cancellationToken);
        if ((await _store.InsertAsync(KeyTable, key, body, cancellationToken)).Ok) return false;
        return await _store.GetAsync(KeyTable, key, cancellationToken) is { } seen && seen.Body != body;
    }

    private Task RecordConflictAsync(Principal by, string rule, string target, JsonValue content, RunId seen, CancellationToken cancellationToken) =>
        RecordAsync(by, $"{rule}:{seen}:{CanonicalJson.Digest(content)}", rule, target, null, CanonicalJson.Digest(content), cancellationToken);

    /// <summary>Once a minute for each principal and rule, however often it is tried: a flood fills no audit.</summary>
    private Task RecordAsync(Principal by, string rule, string target, string? reason, CancellationToken cancellationToken) =>
        RecordAsync(by, $"{rule}:{_time.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute}", rule, target, reason, null, cancellationToken);

    private async Task RecordAsync(Principal by, string id, string rule, string target, string? reason, string? content, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var chain = AuditChain.ForPrincipal(by.Tenant, by.Subject, now);
        var record = new AuditRecord
        {
            Id = id,
            Type = AuditTypes.CallRefused,
            Time = now,
            Tenant = by.Tenant,
            Chain = chain.Id,
            Actors = [by.Subject],
            Target = Excerpt.Of(target, 200),
            ArgumentsDigest = content,
            Decision = "refused",
            Stage = "intake",
            Rule = rule,
            Reason = reason,
        };
        await _audit.AppendAsync(chain, [record], [], cancellationToken);
    }

    private static IntakeResult.Refused Invalid(string detail) => new(new Problem(ProblemTypes.Validation, 400, "The request is not valid", detail));
}

/// <summary>What came of a request or an event: the runs (perhaps none listened), or why nothing was done.</summary>
public abstract record IntakeResult
{
    public sealed record Started(IReadOnlyList<RunStart> Runs) : IntakeResult;

    public sealed record Refused(Problem Problem) : IntakeResult
    {
        /// <summary>Whether it is in the audit.</summary>
        public bool IsRecorded { get; init; }
    }
}
