using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Runs;

namespace Interlock.Tests.Execution;

/// <summary>Does commands by giving recorded events, once a test has released them; calls wait until then, gates are open until then.</summary>
internal sealed class ScriptedRunner : ICommandRunner
{
    private readonly ConcurrentDictionary<EffectId, TaskCompletionSource<RunEvent>> _calls = new();
    private readonly ConcurrentDictionary<GateId, RunEvent> _gates = new();

    /// <summary>Every call that was made, as often as it was.</summary>
    public ConcurrentQueue<EffectId> Called { get; } = new();

    /// <summary>What comes of a call that was not released; without it the call waits.</summary>
    public Func<Command.Call, RunEvent>? Otherwise { get; set; }

    /// <summary>When to ask again for a call that was not released, because it goes on at its upstream; null where it does not.</summary>
    public Func<Command.Call, DateTimeOffset?> Handed { get; set; } = _ => null;

    /// <summary>Thrown for every gate.</summary>
    public Exception? GatesBreak { get; set; }

    public void Release(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.EffectCompleted done: Of(done.Effect).TrySetResult(done); break;
            case RunEvent.EffectFailed failed: Of(failed.Effect).TrySetResult(failed); break;
            case RunEvent.AgentOpened opened: Of(opened.Effect).TrySetResult(opened); break;
            case RunEvent.GateClosed closed: _gates[closed.Gate] = closed; break;
            default: throw new ArgumentException($"A {happened.GetType().Name} is no command's end.", nameof(happened));
        }
    }

    public async Task<CommandOutcome> RunAsync(RunState run, Command command, CancellationToken cancellationToken = default)
    {
        switch (command)
        {
            case Command.Call call:
                Called.Enqueue(call.Id);
                if (!Of(call.Id).Task.IsCompleted && Handed(call) is { } askAgain) return new CommandOutcome.UnderWay(askAgain, IsHanded: true);
                if (Otherwise is { } otherwise && !Of(call.Id).Task.IsCompleted) return new CommandOutcome.Happened(otherwise(call));
                return new CommandOutcome.Happened(await Of(call.Id).Task.WaitAsync(cancellationToken));
            case Command.OpenApproval or Command.CloseApproval when GatesBreak is { } broken:
                throw broken;
            case Command.OpenApproval open:
                return Gate(open.Gate.Id);
            case Command.CloseApproval close:
                return Gate(close.Gate);
            case Command.EmitEvent or Command.AwaitEvent or Command.StartChild or Command.OpenAgent:
                return CommandOutcome.Open; // what comes of it is told to the run
            default:
                throw new InvalidOperationException($"A {command.GetType().Name} is no runner's.");
        }
    }

    public Task WithdrawAsync(RunState run, Command command, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task EndedAsync(RunState run, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task<bool> IsClosedAsync(TenantId tenant, GateId gate, CancellationToken cancellationToken = default) => Task.FromResult(_gates.ContainsKey(gate));

    private CommandOutcome Gate(GateId gate) => _gates.TryGetValue(gate, out var closed) ? new CommandOutcome.Happened(closed) : CommandOutcome.Open;

    private TaskCompletionSource<RunEvent> Of(EffectId effect) => _calls.GetOrAdd(effect, _ => new TaskCompletionSource<RunEvent>(TaskCreationOptions.RunContinuationsAsynchronously));
}
