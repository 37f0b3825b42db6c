using Interlock.Core.Agents;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Execution;

/// <summary>
/// Does calls through the gateway, opens and closes gates at the approval desk, opens conversations at the agents', and lets runs emit, listen and start others. Doing a command again is
/// harmless. Where the host ends what takes too long, a call's deadline comes no later than <paramref name="longestCall"/> from now.
/// </summary>
public sealed class CommandRunner(
    ToolGateway gateway, ApprovalDesk desk, TimeProvider time, TimeSpan? longestCall = null, Func<RunRelations>? relations = null, AgentDesk? agents = null) : ICommandRunner
{
    public async Task<CommandOutcome> RunAsync(RunState run, Command command, CancellationToken cancellationToken = default)
    {
        switch (command)
        {
            case Command.OpenAgent planner:
                var goal = new GatewayCall(planner.Id, run.Origin.Chain(), TargetKind.Agent, planner.Agent, planner.Version, JsonValue.EmptyObject, DateTimeOffset.MaxValue)
                {
                    Site = Site(run, planner.Frame, planner.Task),
                    TraceParent = run.Origin.TraceParent,
                };
                return Opened(planner, await Agents.OpenAsync(goal, planner.Pool, cancellationToken));
            case Command.CallAgent asked when agents is not null && await agents.IsConversationAsync(GatewayCall(run, asked), cancellationToken):
                return Opened(asked, await agents.OpenAsync(GatewayCall(run, asked), asked.MayChoose ? null : PoolRequest.None, cancellationToken));
            case Command.CallModel turn:
                var answered = await gateway.CallAsync(GatewayCall(run, turn), cancellationToken);
                if (answered is GatewayResult.Completed { Output: var answer }) await RecordAsync(run, turn, answer, cancellationToken);
                return Outcome(turn, answered);
            case Command.Call call:
                var result = await gateway.CallAsync(GatewayCall(run, call), cancellationToken);
                return call is Command.CallAgent agent && result is GatewayResult.Failed { Problem: { Type: ProblemTypes.NeedsApproval, Pause: { } pause } }
                    ? await PausedAsync(run, agent, pause, cancellationToken)
                    : Outcome(call, result);
            case Command.OpenApproval open:
                var opened = await desk.OpenAsync(run.Tenant, Site(run, open.Frame, open.Gate.Task), run.Origin, open.Gate, cancellationToken);
                if (opened.Refusal is { } refusal) return Failed(open, refusal.ToProblem(open.Frame));
                return GateEvents.Closed(opened.Value!, time.GetUtcNow()) is { } closed ? new CommandOutcome.Happened(closed) : CommandOutcome.Open; // no refusal, so there is a gate
            case Command.CloseApproval close:
                var gate = await desk.CloseAsync(run.Tenant, Site(run, close.Frame, new TaskPath(close.Frame.Value)), close.Gate, close.Cause, cancellationToken);
                return GateEvents.Closed(gate, time.GetUtcNow()) is { } won ? new CommandOutcome.Happened(won) : throw new InvalidOperationException($"Gate {close.Gate} was closed and is open.");
            case Command.EmitEvent emit:
                return await Relations.Emitter.EmitAsync(run, emit, cancellationToken) is { } unpublished
                    ? Failed(emit, unpublished)
                    : new CommandOutcome.Happened(new RunEvent.EffectCompleted(time.GetUtcNow(), emit.Id, emit.Event));
            case Command.AwaitEvent wanted:
                return await Relations.Listening.ListenAsync(run, wanted, cancellationToken) ? CommandOutcome.Moved : CommandOutcome.Open;
            case Command.StartChild child:
                return await Relations.Children.StartAsync(run, child, cancellationToken);
            case Command.HoldLock wanted:
                var (isTold, refused) = await Relations.Locks.HoldAsync(run, wanted, cancellationToken);
                return refused is not null ? Failed(wanted, refused) : isTold ? CommandOutcome.Moved : CommandOutcome.Open;
            default:
                throw new InvalidOperationException($"No runner for {command.GetType().Name}.");
        }
    }

    /// <summary>How a call stands that goes on at its upstream, asked now and not when it was to be asked next.</summary>
    public async Task<CommandOutcome> HurryAsync(RunState run, Command.Call call, CancellationToken cancellationToken = default)
    {
        await gateway.HurryAsync(GatewayCall(run, call), cancellationToken);
        return await RunAsync(run, call, cancellationToken);
    }

    public Task WithdrawAsync(RunState run, Command command, CancellationToken cancellationToken = default) => command switch
    {
        Command.AwaitEvent => Relations.Listening.EndAsync(run.Tenant, run.Id, command.Id, cancellationToken),
        Command.StartChild child => Relations.Children.WithdrawAsync(run, child, cancellationToken),
        Command.HoldLock held => Relations.Locks.WithdrawAsync(run, held, cancellationToken),
        _ => Task.CompletedTask,
    };

    public Task EndedAsync(RunState run, CancellationToken cancellationToken = default) =>
        run.Origin.Parent is null ? Task.CompletedTask : Relations.Children.EndedAsync(run, cancellationToken);

    public async Task<bool> IsClosedAsync(TenantId tenant, GateId gate, CancellationToken cancellationToken = default) =>
        await desk.FindAsync(tenant, gate, cancellationToken) is { Outcome: not null };

    private AgentDesk Agents => agents ?? throw new InvalidOperationException("There are no chat agents here.");

    private RunRelations Relations => relations?.Invoke() ?? throw new InvalidOperationException("Runs here have nothing to do with each other.");

    private GatewayCall GatewayCall(RunState run, Command.Call call)
    {
        var kind = call is Command.CallAgent or Command.CallModel ? TargetKind.Agent : TargetKind.Tool;
        return new GatewayCall(call.Id, run.Origin.Chain(call.Agent, call.AgentsBehind), kind, call.Target, call.Version, call.Arguments, Deadline(call))
        {
            Site = Site(run, call.Frame, call.Task),
            Grant = call.Grant,
            RequiresGrant = call.RequiresGrant,
            Step = call is Command.CallModel ? ConversationStep.Turn : ConversationStep.None,
            IsCompensation = call is Command.CallTool { IsCompensation: true },
            IdempotencyKey = (call as Command.CallTool)?.IdempotencyKey,
            OnInDoubt = call.OnInDoubt,
            TraceParent = run.Origin.TraceParent,
            ReferenceAbove = call.ReferenceAbove,
            IsAbandoned = !run.Pending.ContainsKey(call.Id),
            IssuedAt = call.IssuedAt ?? run.StartedAt,
            Resume = (call as Command.CallAgent)?.Resume,
            Locks = call is Command.CallTool { IsCompensation: true } ? [] : CallLock.Around(run, call.Frame),
        };
    }

    /// <summary>What a turn chose is recorded before anybody is told of it; recording it again changes nothing.</summary>
    private async Task RecordAsync(RunState run, Command.CallModel turn, JsonValue answer, CancellationToken cancellationToken)
    {
        var records = SelectionRecords.Of(run, turn, answer, time.GetUtcNow());
        foreach (var some in records.Chunk(AuditLog.MaxRecords))
            await gateway.Audit.AppendAsync(AuditChain.ForRun(run.Tenant, run.Id), some, [], cancellationToken);
    }

    private DateTimeOffset Deadline(Command.Call call) => time.GetUtcNow() + longestCall is { } latest && latest < call.Deadline ? latest : call.Deadline;

    private static CallSite Site(RunState run, FrameId frame, TaskPath task) => new(run.Id, run.Workflow, task, frame);

    /// <summary>What the agent paused for is what it was refused; a handle that it was not given is a failure of its own.</summary>
    private async Task<CommandOutcome> PausedAsync(RunState run, Command.CallAgent call, AgentPause pause, CancellationToken cancellationToken) =>
        await gateway.Paused.FindAsync(run.Tenant, run.Id, call.Id, pause.Handle, cancellationToken) is { } wanted
            ? new CommandOutcome.Happened(new RunEvent.AgentPaused(time.GetUtcNow(), call.Id, pause, wanted))
            : Failed(call, new Problem(ProblemTypes.ToolError, 502, $"'{call.Target}' failed", "It paused for an approval of a call that it was not refused."));

    private CommandOutcome Outcome(Command.Call call, GatewayResult result) => result switch
    {
        GatewayResult.Completed done => new CommandOutcome.Happened(new RunEvent.EffectCompleted(time.GetUtcNow(), call.Id, done.Output)),
        GatewayResult.Failed failed => Failed(call, failed.Problem),
        GatewayResult.Refused refused => Failed(call, refused.Refusal.ToProblem(call.Frame)),
        GatewayResult.InDoubt doubt => Failed(call, doubt.Problem),
        GatewayResult.UnderWay elsewhere => new CommandOutcome.UnderWay(elsewhere.Until, elsewhere.IsHanded),
        _ => throw new InvalidOperationException($"Unexpected {result.GetType().Name}."),
    };

    private CommandOutcome.Happened Opened(Command command, StageResult<AgentTerms> opened) => opened.Value is { } terms
        ? new CommandOutcome.Happened(new RunEvent.AgentOpened(time.GetUtcNow(), command.Id, terms))
        : Failed(command, opened.Refusal!.ToProblem(command.Frame)); // one of the two

    private CommandOutcome.Happened Failed(Command command, Problem problem) => new(new RunEvent.EffectFailed(time.GetUtcNow(), command.Id, problem));
}
