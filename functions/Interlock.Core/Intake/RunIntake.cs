using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Intake;

/// <summary>How runs come about: a caller asks for one, or an event starts those workflows that listen to it. Each at most once.</summary>
public sealed class RunIntake(RegistryStore registries, WorkflowCatalog catalog, IRunHost runs, ITableStore store, AuditLog audit, TimeProvider time)
{
    private const string EventTable = "events";
    private const string KeyTable = "startkeys";
    private const string PublisherRule = "publisher-not-authorized";

    private readonly PolicyCache _policies = new();
    private RunCaps? _caps;

    /// <summary>What one principal may have under way.</summary>
    public PrincipalCaps Caps { get; init; } = new();

    /// <summary>
    /// Starts the newest active version of a workflow in the range. A key (at most 256 characters) makes repeating safe: the same key with the
    /// same input gives the same run, with another input it is refused (<c>key-reuse</c>).
    /// </summary>
    public async Task<IntakeResult> StartAsync(
        Principal by, string workflow, string? version, JsonValue input, string trigger, string? key = null, CancellationToken cancellationToken = default)
    {
        var registry = await registries.ReadAsync(by.Tenant, cancellationToken);
        var resolution = registry.Resolve(RegistryKind.Workflow, workflow, version);
        if (resolution is not Resolution.Found { RepinnedFrom: null } found)
        {
            var refused = resolution as Resolution.Refused ?? new Resolution.Refused("deprecated", 410, $"'{workflow}' is deprecated: it starts no new runs.");
            return new IntakeResult.Refused(new Problem(refused.Status == 404 ? ProblemTypes.NotFound : ProblemTypes.Refused, refused.Status, "The workflow can't be started", refused.Detail) { Rule = refused.Rule });
        }
        RunId? id = null;
        if (key is not null)
        {
            if (key.Length is 0 or > 256) return Invalid("An idempotency key has 1 to 256 characters.");
            id = RunIdOf("key", by.Tenant.Value, by.Subject, workflow, key);
            if (await ConflictAsync(KeyTable, by.Tenant, id.Value, JsonValue.Object(("workflow", workflow), ("input", CanonicalJson.Digest(input))), cancellationToken))
            {
                await RecordConflictAsync(by, "key-reuse", $"workflow:{workflow}", input, id.Value, cancellationToken);
                return new IntakeResult.Refused(new Problem(ProblemTypes.Conflict, 409, "The idempotency key was used for something else", "Use a new key for a new input.") { Rule = "key-reuse" }) { IsRecorded = true };
            }
        }
        var (run, capped) = await StartAsync(by, found.Entry, new RunOrigin(by, null, trigger), input, id, cancellationToken);
        return run is null ? new IntakeResult.Refused(capped!) { IsRecorded = true } : new IntakeResult.Started([run]); // one of the two
    }

    /// <summary>
    /// Takes an event: starts every active workflow whose <c>schedule.on</c> it matches, each once however often the event comes. The same id and
    /// source with other content is refused (<c>event-conflict</c>), and so is what the policy does not let this publisher publish (<c>publisher-not-authorized</c>). A run started by an event acts
    /// for the publisher. What is refused with 429 may be sent again: what it has started is found then.
    /// </summary>
    public async Task<IntakeResult> ReceiveAsync(Principal publisher, CloudEvent happened, CancellationToken cancellationToken = default)
    {
        var registry = await registries.ReadAsync(publisher.Tenant, cancellationToken);
        if (!_policies.Of(registry).MayPublish(publisher, happened.Type, happened.Source))
        {
            await RecordAsync(publisher, PublisherRule, $"event:{happened.Type}", $"source {Excerpt.Of(happened.Source, 200)}", cancellationToken);
            return new IntakeResult.Refused(new Problem(ProblemTypes.Authorization, 403, "The event is not this publisher's", $"No rule of the policy's events lets {publisher.Subject} publish this type from this source.") { Stage = "intake", Rule = PublisherRule }) { IsRecorded = true };
        }
        var dedupe = RunIdOf("event", publisher.Tenant.Value, publisher.Subject, happened.Source, happened.Id);
        if (await ConflictAsync(EventTable, publisher.Tenant, dedupe, JsonValue.Object(("digest", CanonicalJson.Digest(happened.Json))), cancellationToken))
        {
            await RecordConflictAsync(publisher, "event-conflict", $"event:{happened.Type}", happened.Json, dedupe, cancellationToken);
            return new IntakeResult.Refused(new Problem(ProblemTypes.Conflict, 409, "An event of this id and source came before with other content", "Give each event an id of its own.") { Rule = "event-conflict" }) { IsRecorded = true };
        }
        var started = new List<RunStart>();
        var problems = new List<Problem>();
        foreach (var name in registry.OfKind(RegistryKind.Workflow).Where(entry => entry.Lifecycle == Lifecycle.Active).Select(entry => entry.Name).Distinct())
        {
            var entry = registry.Newest(RegistryKind.Workflow, name)!; // at least one is active
            var definition = await catalog.LoadAsync(publisher.Tenant, entry.As<WorkflowBody>().DocumentDigest, cancellationToken);
            if (definition.On is not { } trigger) continue;
            switch (EventMatch.Matches(trigger, happened))
            {
                case (true, _):
                    var origin = new RunOrigin(publisher, null, "event") { Initiators = happened.Subject is { } subject ? ["user:" + subject] : [] };
                    var id = RunIdOf("run", publisher.Tenant.Value, dedupe.Value, name);
                    var (run, capped) = await StartAsync(publisher, entry, origin, JsonValue.Array(happened.Json), id, cancellationToken);
                    if (run is null) return new IntakeResult.Refused(capped!) { IsRecorded = true }; // one of the two
                    started.Add(run);
                    break;
                case (false, { } problem):
                    problems.Add(problem);
                    break;
            }
        }
        return started.Count == 0 && problems.Count > 0 ? new IntakeResult.Refused(problems[0]) : new IntakeResult.Started(started);
    }

    private async Task<(RunStart? Run, Problem? Refusal)> StartAsync(Principal by, RegistryEntry entry, RunOrigin origin, JsonValue input, RunId? id, CancellationToken cancellationToken)
    {
        var run = id ?? new RunId(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        var caps = _caps ??= new RunCaps(store, runs, Caps, time);
        if (await caps.RefuseAsync(by, run, cancellationToken) is { } refusal)
        {
            await RecordAsync(by, refusal.Rule!, $"workflow:{entry.Name}", refusal.Detail, cancellationToken); // every cap has one
            return (null, refusal);
        }
        var body = entry.As<WorkflowBody>();
        var request = new StartRun(by.Tenant, new WorkflowRef(entry.Name, entry.Version, body.DocumentDigest), origin with { WorkflowOwner = body.Owner }, input) { Id = run };
        return (await runs.StartAsync(request, cancellationToken), null);
    }

    /// <summary>Remembers what an id stands for; whether it stood for something else before.</summary>
    private async Task<bool> ConflictAsync(string table, TenantId tenant, RunId id, JsonValue body, CancellationToken cancellationToken)
    {
        var key = new RowKey(Keys.Join(tenant.Value, id.Value), "seen");
        if ((await store.InsertAsync(table, key, body, cancellationToken)).Ok) return false;
        return await store.GetAsync(table, key, cancellationToken) is { } seen && seen.Body != body;
    }

    private Task RecordConflictAsync(Principal by, string rule, string target, JsonValue content, RunId seen, CancellationToken cancellationToken) =>
        RecordAsync(by, $"{rule}:{seen}:{CanonicalJson.Digest(content)}", rule, target, null, CanonicalJson.Digest(content), cancellationToken);

    /// <summary>Once a minute for each principal and rule, however often it is tried: a flood fills no audit.</summary>
    private Task RecordAsync(Principal by, string rule, string target, string? reason, CancellationToken cancellationToken) =>
        RecordAsync(by, $"{rule}:{time.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute}", rule, target, reason, null, cancellationToken);

    private async Task RecordAsync(Principal by, string id, string rule, string target, string? reason, string? content, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
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
        await audit.AppendAsync(chain, [record], [], cancellationToken);
    }

    /// <summary>A run id from length-prefixed parts, so that no two lists of parts run together.</summary>
    private static RunId RunIdOf(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts) text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part}");
        return new(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16)));
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
