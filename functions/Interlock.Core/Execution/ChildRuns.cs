using Interlock.Core.Audit;
using Interlock.Core.Intake;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Execution;

/// <summary>
/// Runs that runs start. A child's id follows from its parent's command, so it is started once; how it ended is read from its own state, so its parent hears of it
/// whatever crashes; and one whose parent no longer waits is found by looking at the parent, so it is cancelled whatever crashes.
/// </summary>
public sealed class ChildRuns(RunIntake intake, IRunHost runs, AuditLog audit, TimeProvider time)
{
    public const string Stage = "child";

    /// <summary>As whom a child is cancelled.</summary>
    private const string By = "parent";

    public static RunId IdOf(TenantId tenant, RunId parent, EffectId effect) => new(DerivedId.Of("child", tenant.Value, parent.Value, effect.Value));

    internal async Task<CommandOutcome> StartAsync(RunState parent, Command.StartChild command, CancellationToken cancellationToken)
    {
        var id = IdOf(parent.Tenant, parent.Id, command.Id);
        var child = await runs.GetAsync(parent.Tenant, id, cancellationToken);
        if (child is null)
        {
            if (parent.Origin.Depth >= RunLimits.Causation)
            {
                var detail = $"{RunLimits.Causation} runs led to this one, each the cause of the next; it may start no more.";
                return await RefuseAsync(parent, command, new Problem(ProblemTypes.Limit, 409, "The workflow can't be started", detail) { Rule = RunLimits.CausationRule }, cancellationToken);
            }
            var (entry, problem) = await intake.ResolveAsync(parent.Tenant, command.Workflow, command.Version, cancellationToken);
            if (entry is null) return await RefuseAsync(parent, command, problem!, cancellationToken); // one of the two
            if (!command.MayPlan && await intake.ModeAsync(parent.Tenant, entry, cancellationToken) == ExecutionMode.Autonomous)
            {
                var detail = $"'{command.Workflow}' {entry.Version} is autonomous, and what starts it is supervised: its path is known before the start. Write mode: autonomous there.";
                return await RefuseAsync(parent, command, new Problem(ProblemTypes.Refused, 409, "The workflow can't be started", detail) { Rule = "mode" }, cancellationToken);
            }
            var origin = parent.Origin.Causes(parent.Id, command.IsAwaited ? RunTriggers.Child : RunTriggers.Detached, command.Agents) with { Deadline = command.Deadline };
            var (started, capped) = await intake.StartAsync(parent.Tenant, entry, origin, command.Input, id, cancellationToken);
            if (started is null) return await RefuseAsync(parent, command, capped!, cancellationToken); // one of the two
            child = started.State;
            if (await IsOrphanAsync(child, cancellationToken)) await CancelAsync(child, cancellationToken); // given up while it was started
        }
        if (!command.IsAwaited) return new CommandOutcome.Happened(new RunEvent.EffectCompleted(time.GetUtcNow(), command.Id, JsonValue.Object(("run", id.Value))));
        return child.Status.IsClosed() ? new CommandOutcome.Happened(Completed(child, command.Id)) : CommandOutcome.Open;
    }

    /// <summary>Tells the run that waits for this one, if there is one, how it ended.</summary>
    public async Task EndedAsync(RunState child, CancellationToken cancellationToken = default)
    {
        if (await AwaitingAsync(child, cancellationToken) is not { } command) return;
        await runs.SignalAsync(
            child.Tenant, child.Origin.Parent!.Value, Completed(child, command), // a child that is awaited has one
            state => state.Pending.ContainsKey(command) && !RunPlan.IsDeferred(state, command), cancellationToken);
    }

    /// <summary>Cancels the child of a command that its run no longer waits for; one that has ended stays as it is.</summary>
    public async Task WithdrawAsync(RunState parent, Command.StartChild command, CancellationToken cancellationToken = default)
    {
        if (command.IsAwaited && await runs.GetAsync(parent.Tenant, IdOf(parent.Tenant, parent.Id, command.Id), cancellationToken) is { } child) await CancelAsync(child, cancellationToken);
    }

    /// <summary>Cancels an open child whose parent no longer waits for it; whether it did.</summary>
    public async Task<bool> ReconcileAsync(RunState child, CancellationToken cancellationToken = default)
    {
        if (!await IsOrphanAsync(child, cancellationToken)) return false;
        await CancelAsync(child, cancellationToken);
        return true;
    }

    /// <summary>The command of the parent that waits for this child.</summary>
    private async Task<EffectId?> AwaitingAsync(RunState child, CancellationToken cancellationToken)
    {
        if (child.Origin is not { Trigger: RunTriggers.Child, Parent: { } parent }) return null;
        if (await runs.GetAsync(child.Tenant, parent, cancellationToken) is not { } state || state.Status.IsClosed()) return null;
        return state.Pending.Values.FirstOrDefault(command => command is Command.StartChild && IdOf(child.Tenant, parent, command.Id) == child.Id)?.Id;
    }

    private async Task<bool> IsOrphanAsync(RunState child, CancellationToken cancellationToken) =>
        child is { Origin.Trigger: RunTriggers.Child, Ending: null } && !child.Status.IsClosed() && await AwaitingAsync(child, cancellationToken) is null;

    private Task CancelAsync(RunState child, CancellationToken cancellationToken) =>
        runs.GiveUpAsync(audit, child, $"run:{child.Origin.Parent}", By, $"Run {child.Origin.Parent} no longer waits for it.", time.GetUtcNow(), cancellationToken);

    private RunEvent.ChildCompleted Completed(RunState child, EffectId command) => new(time.GetUtcNow(), command, child.Id, child.Status, child.Output, child.Error);

    private async Task<CommandOutcome> RefuseAsync(RunState parent, Command.StartChild command, Problem problem, CancellationToken cancellationToken)
    {
        problem = problem with { Stage = Stage };
        var record = RunRecords.Refused(parent, command, command.Task, $"workflow:{command.Workflow}", command.Input, problem, time.GetUtcNow());
        await audit.AppendAsync(AuditChain.ForRun(parent.Tenant, parent.Id), [record], [], cancellationToken);
        return new CommandOutcome.Happened(new RunEvent.EffectFailed(time.GetUtcNow(), command.Id, problem));
    }
}
