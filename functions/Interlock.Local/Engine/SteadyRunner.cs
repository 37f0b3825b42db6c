using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Runs;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Engine;

/// <summary>Does commands in this process, timers too. Whatever the command's store or wire does, the answer is an event or a repeat.</summary>
internal sealed partial class SteadyRunner(CommandRunner commands, TimeProvider time, ILogger<SteadyRunner> logger)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(30);

    /// <summary>What came of the command; null for a timer that was told to stop.</summary>
    public async Task<CommandOutcome?> RunAsync(RunState run, Command command, CancellationToken stop, CancellationToken shutdown)
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

    /// <summary>Ends what stands for a command that its run no longer waits for.</summary>
    public Task WithdrawAsync(RunState run, Command command, CancellationToken shutdown) =>
        PersistAsync(run, command.GetType().Name, () => commands.WithdrawAsync(run, command, shutdown), shutdown);

    /// <summary>Tells whoever waits for a run that it has ended.</summary>
    public Task EndedAsync(RunState run, CancellationToken shutdown) => PersistAsync(run, "Ended", () => commands.EndedAsync(run, shutdown), shutdown);

    /// <summary>Waits for a time; false when it was told to stop before.</summary>
    public async Task<bool> WaitAsync(DateTimeOffset until, CancellationToken stop, CancellationToken shutdown)
    {
        try
        {
            await DelayAsync(until, stop);
            return true;
        }
        catch (OperationCanceledException) when (!shutdown.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task PersistAsync(RunState run, string what, Func<Task> act, CancellationToken shutdown)
    {
        for (var pause = Backoff.First; !shutdown.IsCancellationRequested; pause = Backoff.Next(pause))
        {
            try
            {
                await act();
                return;
            }
            catch (Exception e) when (!shutdown.IsCancellationRequested)
            {
                Log.NotTold(logger, e, what, run.Id, pause);
                await Task.Delay(pause, time, shutdown);
            }
        }
    }

    private async Task<CommandOutcome> OnceAsync(RunState run, Command command, CancellationToken stop, CancellationToken shutdown)
    {
        if (command is Command.StartTimer timer)
        {
            await DelayAsync(timer.DueAt, stop);
            return new CommandOutcome.Happened(new RunEvent.TimerFired(time.GetUtcNow(), timer.Id));
        }
        return await commands.RunAsync(run, command, command is Command.Call ? stop : shutdown);
    }

    private async Task DelayAsync(DateTimeOffset dueAt, CancellationToken stop)
    {
        while (dueAt - time.GetUtcNow() is { Ticks: > 0 } left)
            await Task.Delay(left > LongestDelay ? LongestDelay : RoundUp(left), time, stop);
    }

    /// <summary>Timers count whole milliseconds; rounding down would wake before the time and spin.</summary>
    private static TimeSpan RoundUp(TimeSpan left) => TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Command} {Effect} of run {Run} could not be done; asking again in {Pause}")]
        public static partial void CommandFailed(ILogger logger, Exception e, string command, EffectId effect, RunId run, TimeSpan pause);

        [LoggerMessage(LogLevel.Error, "{What} of run {Run} could not be told; trying again in {Pause}")]
        public static partial void NotTold(ILogger logger, Exception e, string what, RunId run, TimeSpan pause);
    }
}
