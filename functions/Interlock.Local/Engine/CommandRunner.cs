using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Engine;

/// <summary>Does one command and says what came of it. Whatever the command's store or wire does, the answer is an event or a repeat.</summary>
internal sealed partial class CommandRunner(ToolGateway gateway, ApprovalDesk desk, TimeProvider time, ILogger<CommandRunner> logger)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(30);

    /// <summary>The event that ends the command, or null for a gate that stays open.</summary>
    public async Task<RunEvent?> RunAsync(RunState run, Command command, CancellationToken stop, CancellationToken shutdown)
    {
        for (var pause = Backoff.First; ; pause = Backoff.Next(pause))
        {
            try
            {
                return await OnceAsync(run, command, stop, shutdown);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested && !shutdown.IsCancellationRequested)
            {
                // A call that was told to stop before it had left: the gateway says so when it is asked once more, and nothing is sent any more.
                if (command is not Command.Call) return null;
                stop = shutdown;
            }
            catch (Exception e) when (!shutdown.IsCancellationRequested)
            {
                // A broken store or an unauthentic row: nothing is known, so nothing is assumed. The command stays pending and is asked again.
                Log.CommandFailed(logger, e, command.GetType().Name, command.Id, run.Id, pause);
                await Task.Delay(pause, time, shutdown);
            }
        }
    }

    private async Task<RunEvent?> OnceAsync(RunState run, Command command, CancellationToken stop, CancellationToken shutdown)
    {
        switch (command)
        {
            case Command.Call call:
                return Event(call, await gateway.CallAsync(Call(run, call), stop));
            case Command.OpenApproval open:
                var opened = await desk.OpenAsync(run.Tenant, Site(run, open.Frame, open.Gate.Task), run.Origin, open.Gate, shutdown);
                if (opened.Refusal is { } refusal) return new RunEvent.EffectFailed(time.GetUtcNow(), open.Id, refusal.ToProblem(open.Frame));
                return GateEvents.Closed(opened.Value!, time.GetUtcNow()); // no refusal, so there is a gate
            case Command.CloseApproval close:
                var gate = await desk.CloseAsync(run.Tenant, Site(run, close.Frame, new TaskPath(close.Frame.Value)), close.Gate, close.Cause, shutdown);
                return GateEvents.Closed(gate, time.GetUtcNow());
            case Command.StartTimer timer:
                await DelayAsync(timer.DueAt, stop);
                return new RunEvent.TimerFired(time.GetUtcNow(), timer.Id);
            default:
                throw new InvalidOperationException($"No runner for {command.GetType().Name}.");
        }
    }

    private async Task DelayAsync(DateTimeOffset dueAt, CancellationToken stop)
    {
        while (dueAt - time.GetUtcNow() is { Ticks: > 0 } left)
            await Task.Delay(left > LongestDelay ? LongestDelay : RoundUp(left), time, stop);
    }

    /// <summary>Timers count whole milliseconds; rounding down would wake before the time and spin.</summary>
    private static TimeSpan RoundUp(TimeSpan left) => TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));

    private static GatewayCall Call(RunState run, Command.Call call)
    {
        var kind = call is Command.CallAgent ? TargetKind.Agent : TargetKind.Tool;
        return new GatewayCall(call.Id, run.Origin.Chain(), kind, call.Target, call.Version, call.Arguments, call.Deadline)
        {
            Site = Site(run, call.Frame, call.Task),
            Grant = call.Grant,
            RequiresGrant = call.RequiresGrant,
            IsCompensation = call is Command.CallTool { IsCompensation: true },
            IdempotencyKey = (call as Command.CallTool)?.IdempotencyKey,
            OnInDoubt = call.OnInDoubt,
            TraceParent = run.Origin.TraceParent,
        };
    }

    private static CallSite Site(RunState run, FrameId frame, TaskPath task) => new(run.Id, run.Workflow, task, frame);

    private RunEvent Event(Command.Call call, GatewayResult result) => result switch
    {
        GatewayResult.Completed done => new RunEvent.EffectCompleted(time.GetUtcNow(), call.Id, done.Output),
        GatewayResult.Failed failed => new RunEvent.EffectFailed(time.GetUtcNow(), call.Id, failed.Problem),
        GatewayResult.Refused refused => new RunEvent.EffectFailed(time.GetUtcNow(), call.Id, refused.Refusal.ToProblem(call.Frame)),
        GatewayResult.InDoubt doubt => new RunEvent.EffectFailed(time.GetUtcNow(), call.Id, doubt.Problem),
        _ => throw new InvalidOperationException($"Unexpected {result.GetType().Name}."),
    };

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Command} {Effect} of run {Run} could not be done; asking again in {Pause}")]
        public static partial void CommandFailed(ILogger logger, Exception e, string command, EffectId effect, RunId run, TimeSpan pause);
    }
}
