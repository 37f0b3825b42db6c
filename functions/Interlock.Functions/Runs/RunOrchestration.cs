using Interlock.Core.Execution;
using Interlock.Core.Runs;
using Microsoft.DurableTask;

namespace Interlock.Functions.Runs;

/// <summary>
/// Schedules one run: starts the calls that its plan names, waits for the first of a call's end, the time to look again, or a signal, and looks
/// again. What is true of the run stands in its row and is decided by activities; this loop is replayed, so it does nothing else, and any look too
/// many is harmless. A signal carries nothing: it says "look". Exactly one waiter for it is open, never cancelled, armed again after each.
/// </summary>
internal sealed class RunOrchestration(TaskOrchestrationContext context, RunAddress run, int turns = RunOrchestration.Turns, int mostTurns = RunOrchestration.MostTurns)
{
    /// <summary>The orchestrator function. A loop that awaits in another order gets a name of its own, and this one stays until its runs have ended.</summary>
    public const string Name = "run";

    public const string AdvanceActivity = "advance";
    public const string CallActivity = "call";
    public const string Signal = "signal";

    /// <summary>After so many turns the history is started anew as soon as no call is under way; a turn adds two to six entries.</summary>
    public const int Turns = 100;

    /// <summary>After so many turns no call is started any more until those under way have ended and the history is started anew.</summary>
    public const int MostTurns = 1000;

    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(1);
    private static readonly TimeSpan ForeignRest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Task<RunPlan?>> _calls = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTime> _handed = new(StringComparer.Ordinal);
    private RunPlan? _plan;
    private Task _signal = Task.CompletedTask;
    private Alarm? _alarm;
    private bool _mustLook = true;
    private DateTime _rang = DateTime.MinValue;
    private DateTime _restUntil = DateTime.MinValue;
    private int _failures;

    /// <summary>The run's status at its end, or null when it goes on in a new history or does not exist.</summary>
    public async Task<string?> RunAsync()
    {
        _signal = context.WaitForExternalEvent<string>(Signal);
        for (var turn = 0; ; turn++)
        {
            if (_mustLook && !IsResting) await LookAsync();
            if (_plan is { IsOver: true } || (_plan is null && !_mustLook)) return End();
            // The next generation begins with a look, so no signal is missed; a history can't be left while a call is under way.
            if (turn >= turns && _calls.Count == 0)
            {
                End();
                context.ContinueAsNew(run, preserveUnprocessedEvents: true);
                return null;
            }
            if (turn < mostTurns) StartCalls();
            SetAlarm();
            await Task.WhenAny([_signal, .. _alarm is null ? Array.Empty<Task>() : [_alarm.Ring], .. _calls.Values]);
            Collect();
        }
    }

    /// <summary>The clock, or the time of the alarm that rang: alarms ring a little early by the clock of another machine.</summary>
    private DateTime Now => _rang > context.CurrentUtcDateTime ? _rang : context.CurrentUtcDateTime;

    private bool IsResting => Now < _restUntil;

    private async Task LookAsync()
    {
        _mustLook = false;
        try
        {
            Take(await context.CallActivityAsync<RunPlan?>(AdvanceActivity, new AdvanceInput(run.Tenant, run.Run, new DateTimeOffset(Now, TimeSpan.Zero))), isLook: true);
            _restUntil = DateTime.MinValue;
        }
        catch (TaskFailedException)
        {
            Rest();
        }
    }

    private void StartCalls()
    {
        if (_plan is null || IsResting) return;
        foreach (var effect in _plan.Calls)
        {
            if (_calls.Count == RunLimits.ConcurrentCalls) return;
            if (!_calls.ContainsKey(effect) && !GoesOn(effect)) _calls.Add(effect, context.CallActivityAsync<RunPlan?>(CallActivity, new CallInput(run.Tenant, run.Run, effect)));
        }
    }

    /// <summary>Whether the call goes on at its upstream, and it is not yet time to ask for it again.</summary>
    private bool GoesOn(string effect) => _handed.TryGetValue(effect, out var askAgain) && Now < askAgain;

    /// <summary>One timer at a time, for the next moment to look; a later or earlier one takes its place.</summary>
    private void SetAlarm()
    {
        var due = Due();
        if (_alarm?.DueAt == due) return;
        _alarm?.Dispose();
        _alarm = due is { } at ? new Alarm(context, at) : null;
    }

    private DateTime? Due()
    {
        if (_mustLook) return _restUntil;
        var next = _plan switch
        {
            { IsForeign: true } => context.CurrentUtcDateTime + ForeignRest,
            { NextDue: { } due } => due.UtcDateTime,
            _ => (DateTime?)null,
        };
        foreach (var effect in _plan?.Calls.Where(GoesOn) ?? [])
            if (next is null || _handed[effect] < next) next = _handed[effect];
        if (next is null) return null;
        // An alarm that is set and early enough stays: one too many is cheaper than a new one each turn.
        var furthest = _alarm is { } alarm && alarm.DueAt > context.CurrentUtcDateTime ? alarm.DueAt : context.CurrentUtcDateTime + LongestSleep;
        return next < furthest ? next : furthest;
    }

    private void Collect()
    {
        foreach (var (effect, call) in _calls.Where(call => call.Value.IsCompleted).ToList())
        {
            _calls.Remove(effect);
            _handed.Remove(effect);
            if (call.IsCompletedSuccessfully)
            {
                if (call.Result?.AskAgain is { } at) _handed.Add(effect, at.UtcDateTime);
                Take(call.Result, isLook: false);
            }
            else Rest(); // the activity broke: the effect is in the plan still, and is asked for again
        }
        if (_signal.IsCompleted)
        {
            _signal = context.WaitForExternalEvent<string>(Signal);
            _mustLook = true;
        }
        if (_alarm?.Ring.IsCompleted != true) return;
        (_rang, _mustLook) = (_alarm.DueAt, true);
        _alarm.Dispose();
        _alarm = null;
    }

    /// <summary>Calls that end together bring plans of different age: the newest counts.</summary>
    private void Take(RunPlan? plan, bool isLook)
    {
        if (plan is null)
        {
            if (isLook) _plan = null;
            return;
        }
        if (_plan is not null && plan.Events < _plan.Events) return;
        if (_plan is null || plan.Events > _plan.Events) _failures = 0; // a look that shows nothing new does not mend a call that breaks each time
        _plan = plan;
        context.SetCustomStatus(new RunProgress(plan.Events, plan.Status, plan.Suspended, plan.Calls.Count, plan.Gates, plan.Doubts));
    }

    private void Rest()
    {
        _mustLook = true;
        var pause = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(_failures++, 6)));
        _restUntil = context.CurrentUtcDateTime + (pause < LongestRest ? pause : LongestRest);
    }

    private string? End()
    {
        _alarm?.Dispose();
        return _plan?.Status;
    }

    /// <summary>A durable timer; disposing cancels it. One that is left armed keeps the instance from ending.</summary>
    private sealed class Alarm : IDisposable
    {
        private readonly CancellationTokenSource _cancel = new();

        public Alarm(TaskOrchestrationContext context, DateTime dueAt)
        {
            DueAt = dueAt;
            Ring = context.CreateTimer(dueAt, _cancel.Token);
        }

        public DateTime DueAt { get; }

        public Task Ring { get; }

        public void Dispose()
        {
            _cancel.Cancel();
            _cancel.Dispose();
        }
    }
}
