using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>Does the commands of runs. An exception means that nothing is known: the command is to be asked for again.</summary>
public interface ICommandRunner
{
    /// <param name="run">The run, with the command pending or abandoned.</param>
    /// <param name="command">Any but a timer; timers are the host's.</param>
    /// <param name="cancellationToken">Asks the upstream of a call to stop; what was sent is settled all the same.</param>
    Task<CommandOutcome> RunAsync(RunState run, Command command, CancellationToken cancellationToken = default);

    /// <summary>Ends what stands for a command that the run no longer waits for, whether it ended or was given up: its listening, its child, its lock. Calls and gates are ended otherwise.</summary>
    Task WithdrawAsync(RunState run, Command command, CancellationToken cancellationToken = default);

    /// <summary>A run has ended, for good: another one that waits for it is told.</summary>
    Task EndedAsync(RunState run, CancellationToken cancellationToken = default);

    /// <summary>Whether a gate was opened and is closed; asking changes nothing.</summary>
    Task<bool> IsClosedAsync(TenantId tenant, GateId gate, CancellationToken cancellationToken = default);
}
