using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Functions.Runs;
using Interlock.Tests.Azure.Durable;
using Interlock.Tests.Execution;
using Interlock.Tests.Runs;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Azure.Runs;

/// <summary>One run on simulated Durable Functions: the app's orchestration and activities, with scripted commands. Nothing happens unless a test lets it.</summary>
internal sealed class DurableRig
{
    private readonly HashSet<string> _released = new(StringComparer.Ordinal);

    public DurableRig(GoldenRun golden, int turns = RunOrchestration.Turns, int mostTurns = RunOrchestration.MostTurns, Core.Storage.ITableStore? store = null)
    {
        Golden = golden;
        Simulator.Time.Now = golden.Started.At;
        Scheduler = new DurableScheduler(NullLogger<DurableScheduler>.Instance);
        Scheduler.Use(Simulator.Client);
        Stored = new StoredRig(store, Simulator.Time, Scheduler);
        var functions = new RunFunctions(Stored.Driver, NullLogger<RunFunctions>.Instance);
        Simulator.AddOrchestrator(RunOrchestration.Name, (TaskOrchestrationContext context) => new RunOrchestration(context, context.GetInput<RunAddress>()!, turns, mostTurns).RunAsync()); // started with one
        Simulator.AddActivity(RunOrchestration.AdvanceActivity, (AdvanceInput input) => functions.AdvanceAsync(input, Token));
        Simulator.AddActivity(RunOrchestration.CallActivity, (CallInput input) => functions.CallAsync(input, Token));
    }

    public static CancellationToken Token => StoredRig.Token;

    public GoldenRun Golden { get; }
    public DurableSimulator Simulator { get; } = new();
    public DurableScheduler Scheduler { get; }
    public StoredRig Stored { get; }

    public TenantId Tenant => Golden.Started.Tenant;
    public RunId Run => Golden.Started.Run;
    public string InstanceId => DurableScheduler.InstanceOf(Tenant, Run);
    public Instance Instance => Simulator.Find(InstanceId) ?? throw new InvalidOperationException("The run was not scheduled.");
    public IReadOnlyList<PendingActivity> Calls => [.. Simulator.Activities.Where(activity => activity.Name == RunOrchestration.CallActivity)];

    public async Task StartAsync(bool settle = true)
    {
        await Stored.StartAsync(Golden.Definition, Golden.Started);
        if (settle) await SettleAsync();
    }

    /// <summary>Lets the recorded event come: a call's end, a decision, a time, a person's request.</summary>
    public async Task HappenAsync(RunEvent happened)
    {
        var by = Golden.Started.Origin.Starter;
        if (happened is not RunEvent.TimerFired) Simulator.Time.Now = happened.At;
        switch (happened)
        {
            case RunEvent.EventArrived or RunEvent.ChildCompleted:
                await TellAsync(happened);
                break;
            case RunEvent.AgentOpened { Effect: var effect } when (await StateAsync()).Pending.GetValueOrDefault(effect) is Command.OpenAgent:
                await TellAsync(happened);
                break;
            case RunEvent.AgentOpened { Effect: var effect }:
                Release(happened, effect);
                break;
            case RunEvent.EffectCompleted { Effect: var effect } when (await StateAsync()).Pending.GetValueOrDefault(effect) is Command.EmitEvent or Command.StartChild:
                await TellAsync(happened);
                break;
            case RunEvent.EffectCompleted { Effect: var effect }:
                Release(happened, effect);
                break;
            case RunEvent.EffectFailed { Effect: var effect }:
                Release(happened, effect);
                break;
            case RunEvent.GateClosed closed:
                Stored.Commands.Release(closed);
                await Stored.Host.GateChangedAsync(Tenant, Run, closed.Gate, Token);
                break;
            case RunEvent.TimerFired:
                Simulator.Advance(happened.At - Simulator.Time.Now);
                break;
            case RunEvent.CancelRequested cancel:
                await Stored.Host.CancelAsync(Tenant, Run, by, cancel.Reason, Token);
                break;
            case RunEvent.SuspendRequested suspend:
                await Stored.Host.SuspendAsync(Tenant, Run, by, suspend.Reason, Token);
                break;
            case RunEvent.ResumeRequested:
                await Stored.Host.ResumeAsync(Tenant, Run, by, Token);
                break;
        }
    }

    /// <summary>What came of an event that was emitted, a child, a listening: told to the run, which is woken.</summary>
    private async Task TellAsync(RunEvent happened)
    {
        await Stored.Driver.PostAsync(Tenant, Run, happened, null, Token);
        await Scheduler.WakeAsync(Tenant, Run, Token);
    }

    public void Release(RunEvent happened, EffectId effect)
    {
        Stored.Commands.Release(happened);
        _released.Add(effect.Value);
    }

    /// <summary>Runs whatever can run: orchestrators, looks, and the calls whose end was released; the others stay under way.</summary>
    public async Task SettleAsync(Func<PendingActivity, Task>? run = null)
    {
        for (var step = 0; step < 10_000; step++)
        {
            Simulator.RunOrchestrators();
            if (Simulator.Activities.FirstOrDefault(IsReady) is not { } next)
            {
                if (Simulator.Runnable.Count == 0) return;
                continue;
            }
            await (run is null ? next.RunAsync() : run(next));
        }
        throw new InvalidOperationException("The run does not come to rest.");
    }

    public Task<RunState> StateAsync() => Stored.StateAsync(Golden.Started);

    private bool IsReady(PendingActivity activity) =>
        activity.Name == RunOrchestration.AdvanceActivity || _released.Any(effect => activity.Input!.Contains(effect, StringComparison.Ordinal)); // both have inputs
}
