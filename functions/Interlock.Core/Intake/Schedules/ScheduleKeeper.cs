using System.Globalization;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Intake.Schedules;

/// <summary>
/// Starts the runs of workflows whose time has come. Each time is claimed in the workflow's row before its run is started, and the run's id follows from workflow,
/// version and time: so each time has one run, whatever crashes and however many processes look. Of the times that passed while nobody looked the latest counts.
/// The newest active version of a workflow is the one that has a schedule; deprecated and disabled ones have none.
/// </summary>
public sealed class ScheduleKeeper(
    RegistryStore registries, WorkflowCatalog catalog, RunIntake intake, IRunHost runs, IDirectory directory, ITableStore store, AuditLog audit, TimeProvider time)
{
    private const string Table = "schedules";

    /// <summary>Looks at every workflow with a timetable; one that fails does not keep the others from starting.</summary>
    public async Task<SchedulePass> RunAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var started = new List<RunState>();
        var refused = new List<(string Workflow, Problem Problem)>();
        var failed = new List<(string Workflow, Exception Error)>();
        var registry = await registries.ReadAsync(tenant, cancellationToken);
        foreach (var name in registry.OfKind(RegistryKind.Workflow).Where(entry => entry.Lifecycle == Lifecycle.Active).Select(entry => entry.Name).Distinct())
        {
            var entry = registry.Newest(RegistryKind.Workflow, name)!; // at least one is active
            try
            {
                var definition = await catalog.LoadAsync(tenant, entry.As<WorkflowBody>().DocumentDigest, cancellationToken);
                if (definition.Times is not { } times) continue;
                var (run, problem) = await LookAsync(tenant, entry, definition, times, cancellationToken);
                if (run is not null) started.Add(run);
                if (problem is not null) refused.Add((name, problem));
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failed.Add((name, e));
            }
        }
        return new SchedulePass(started, refused, failed);
    }

    private async Task<(RunState? Started, Problem? Problem)> LookAsync(TenantId tenant, RegistryEntry entry, WorkflowDefinition definition, Timetable times, CancellationToken cancellationToken)
    {
        var key = new RowKey(Keys.Join(tenant.Value), Keys.Join(entry.Name));
        var row = await store.GetAsync(Table, key, cancellationToken);
        var activation = row is null ? null : RunJson.FromValue<Activation>(row.Body);
        if (activation is null || activation.Version != entry.Version || activation.ChangedAt != entry.ChangedAt)
        {
            activation = await ActivateAsync(tenant, entry, definition, times, cancellationToken);
            row = await WriteAsync(key, row, activation, cancellationToken);
        }
        if (row is null) return default; // somebody else is at it
        if (activation.Starting is not { } due)
        {
            var ended = times is Timetable.After ? await EndedAsync(tenant, activation, cancellationToken) : null;
            if (times.Due(activation.ActivatedAt, activation.Seen, ended, time.GetUtcNow()) is not { } next) return default;
            due = next;
            if (!definition.Windows.IsEmpty && !definition.Windows.Any(window => window.Contains(due)))
            {
                await WriteAsync(key, row, activation with { Seen = due }, cancellationToken);
                return default;
            }
            activation = activation with { Starting = due };
            if ((row = await WriteAsync(key, row, activation, cancellationToken)) is null) return default;
        }
        var (run, problem) = await StartAsync(tenant, entry, activation, due, cancellationToken);
        await WriteAsync(key, row, activation with { Starting = null, Seen = due, LastRun = run?.Id ?? activation.LastRun }, cancellationToken);
        return (run, problem);
    }

    /// <summary>Records that the workflow starts by itself from now on: its publisher allowed it, and its runs are its owner's.</summary>
    private async Task<Activation> ActivateAsync(TenantId tenant, RegistryEntry entry, WorkflowDefinition definition, Timetable times, CancellationToken cancellationToken)
    {
        var activation = new Activation(entry.Version, entry.ChangedAt, entry.ChangedBy, entry.As<WorkflowBody>().Owner, entry.ChangedAt, DateTimeOffset.MinValue);
        var record = ScheduleRecords.Activated(tenant, entry.Name, activation, Describe(times), definition.Windows, time.GetUtcNow());
        await audit.AppendAsync(new AuditChain(tenant, record.Chain), [record], [], cancellationToken);
        return activation;
    }

    /// <summary>When the last run ended: null while it goes on.</summary>
    private async Task<DateTimeOffset?> EndedAsync(TenantId tenant, Activation activation, CancellationToken cancellationToken)
    {
        if (activation.LastRun is not { } last || await runs.GetAsync(tenant, last, cancellationToken) is not { } run) return activation.Seen > activation.ActivatedAt ? activation.Seen : activation.ActivatedAt;
        return run.Status.IsClosed() ? run.Now : null;
    }

    private async Task<(RunState? Run, Problem? Problem)> StartAsync(TenantId tenant, RegistryEntry entry, Activation activation, DateTimeOffset due, CancellationToken cancellationToken)
    {
        if (await PrincipalAsync(tenant, activation.RunAs, cancellationToken) is not { } principal)
        {
            var unknown = new Problem(ProblemTypes.Authorization, 403, "The run was not started", $"Nobody is {activation.RunAs}, for whom the runs of '{entry.Name}' act; let somebody else publish it.") { Rule = "run-as-unknown" };
            return (null, await RefusedAsync(tenant, entry, activation, due, unknown, cancellationToken));
        }
        var at = due.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        var id = new RunId(DerivedId.Of("schedule", tenant.Value, entry.Name, entry.Version, at));
        var (run, refusal) = await intake.StartAsync(tenant, entry, new RunOrigin(principal, null, RunTriggers.Schedule), JsonValue.Object(("dueAt", at)), id, cancellationToken);
        return run is null ? (null, await RefusedAsync(tenant, entry, activation, due, refusal!, cancellationToken)) : (run.State, null); // one of the two
    }

    private async Task<Problem> RefusedAsync(TenantId tenant, RegistryEntry entry, Activation activation, DateTimeOffset due, Problem problem, CancellationToken cancellationToken)
    {
        problem = problem with { Stage = "schedule" };
        var record = ScheduleRecords.Refused(tenant, entry.Name, activation, due, problem, time.GetUtcNow());
        await audit.AppendAsync(new AuditChain(tenant, record.Chain), [record], [], cancellationToken);
        return problem;
    }

    /// <summary>People as they are now; applications are known by name only.</summary>
    private async Task<Principal?> PrincipalAsync(TenantId tenant, string subject, CancellationToken cancellationToken) => subject.Split(':', 2) switch
    {
        ["user", var id] => await directory.FindUserAsync(tenant, id, cancellationToken),
        ["app", var id] => new Principal(tenant, id, PrincipalKind.Application, id, [], []),
        _ => null,
    };

    /// <summary>The row as it is now; null when somebody else wrote it.</summary>
    private async Task<TableRow?> WriteAsync(RowKey key, TableRow? before, Activation activation, CancellationToken cancellationToken)
    {
        var body = RunJson.ToValue(activation);
        var written = before is null ? await store.InsertAsync(Table, key, body, cancellationToken) : await store.ReplaceAsync(Table, key, body, before.ETag, cancellationToken);
        return written is { Ok: true, ETag: { } etag } ? new TableRow(key, body, etag) : null;
    }

    private static string Describe(Timetable times) => times switch
    {
        Timetable.Every every => $"every {every.Interval.ToString("c", CultureInfo.InvariantCulture)}",
        Timetable.Cron cron => $"cron {cron.Expression.Text}",
        Timetable.After after => $"after {after.Delay.ToString("c", CultureInfo.InvariantCulture)}",
        _ => throw new InvalidOperationException($"Unexpected {times.GetType().Name}."),
    };
}

/// <summary>Which runs a look at the schedules started, which it refused, and which workflows it could not look at.</summary>
public sealed record SchedulePass(IReadOnlyList<RunState> Started, IReadOnlyList<(string Workflow, Problem Problem)> Refused, IReadOnlyList<(string Workflow, Exception Error)> Failed);
