using System.Globalization;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>
/// Try, retry, catch. A retry is a new iteration: new frames, new effects, new grants. When a retry policy is exhausted and there is
/// nothing to do in <c>catch</c>, the error goes on outwards.
/// </summary>
internal static class TryExecutor
{
    public static void Enter(Machine machine, Frame frame, TryTask task) => Attempt(machine, frame, task, 1);

    /// <summary>Whether this frame's catch takes the error. A failing filter replaces the error: it never means "not caught".</summary>
    public static bool Catches(Machine machine, Frame frame, TryTask task, ref Problem problem)
    {
        if (frame.State is not FrameState.Try { Phase: TryPhase.Trying } state) return false;
        var error = problem.ToJson();
        foreach (var (name, wanted) in task.Catch.With.Members)
            if (error[name] != wanted && !(name == "instance" && IsAt(error[name], wanted))) return false;
        try
        {
            var scope = machine.Scope(frame, extra: JsonValue.Object((task.Catch.As, error)));
            if (task.Catch.When is { } when && !when.EvaluateCondition(error, scope)) return false;
            if (task.Catch.ExceptWhen is { } except && except.EvaluateCondition(error, scope)) return false;
            return task.Catch.Tasks is not null || task.Catch.Retry is not { } retry || (problem.Rule != GateRequest.RateRule && MayRetry(machine, frame, retry, state, error, scope, out _));
        }
        catch (ExpressionException e)
        {
            problem = Problems.Expression(e, frame.Id);
            return false;
        }
    }

    /// <summary>A document names its tasks; an error also says in which iteration, attempt and visit it came up.</summary>
    private static bool IsAt(JsonValue? instance, JsonValue wanted) => instance?.StringOrNull() is { } frame && new FrameId(frame).Task.Value == wanted.StringOrNull();

    public static void Caught(Machine machine, Frame frame, TryTask task, Problem problem)
    {
        var state = (FrameState.Try)frame.State;
        var error = problem.ToJson();
        var locals = JsonValue.Object((task.Catch.As, error));
        machine.Retract(AttemptTimer(machine, frame, state.Attempt));
        machine.Guarded(frame.Id, () =>
        {
            if (problem.Rule != GateRequest.RateRule && task.Catch.Retry is { } retry && MayRetry(machine, frame, retry, state, error, machine.Scope(frame, extra: locals), out var delay))
            {
                if (delay == TimeSpan.Zero)
                {
                    Attempt(machine, frame, task, state.Attempt + 1);
                    return;
                }
                machine.Update(frame with { State = state with { Phase = TryPhase.Waiting, Error = error } });
                machine.StartTimer(frame, machine.Now + delay, TimerPurpose.Delay, string.Create(CultureInfo.InvariantCulture, $"retry:{state.Attempt}"));
                return;
            }
            frame = machine.Update(frame with { State = state with { Phase = TryPhase.Catching, Error = error } });
            if (task.Catch.Tasks is { } handler) machine.EnterList(frame, handler, "/catch/do", frame.Input, locals);
            else machine.Complete(frame, frame.Input);
        });
    }

    public static void ListDone(Machine machine, Frame frame, JsonValue output, string? directive)
    {
        if (frame.State is FrameState.Try state) machine.Retract(AttemptTimer(machine, frame, state.Attempt));
        machine.Complete(frame, output, Executors.EndOnly(directive));
    }

    public static void TimerFired(Machine machine, Frame frame, TryTask task, TimerPurpose purpose)
    {
        if (frame.State is not FrameState.Try state) return;
        if (purpose == TimerPurpose.Delay && state.Phase == TryPhase.Waiting)
        {
            Attempt(machine, frame, task, state.Attempt + 1);
            return;
        }
        if (purpose != TimerPurpose.Attempt || state.Phase != TryPhase.Trying) return;
        machine.Interrupt(frame.Id);
        var problem = Problems.Timeout(frame);
        if (Catches(machine, frame, task, ref problem)) Caught(machine, frame, task, problem);
        else machine.Fail(frame.Id, problem);
    }

    private static void Attempt(Machine machine, Frame frame, TryTask task, int attempt)
    {
        frame = machine.Update(frame with { State = new FrameState.Try(attempt, TryPhase.Trying) });
        var due = machine.Now + task.Catch.Retry?.AttemptDuration;
        if (due is { } limit) machine.StartTimer(frame, limit, TimerPurpose.Attempt, AttemptName(attempt));
        machine.EnterList(frame, task.Tasks, ListSuffix(attempt), frame.Input, deadline: due);
    }

    /// <summary>The first attempt's list stands where the document has it, the next ones are numbered.</summary>
    private static string ListSuffix(int attempt) => attempt == 1 ? "/try" : string.Create(CultureInfo.InvariantCulture, $"/try@{attempt}");

    private static string AttemptName(int attempt) => string.Create(CultureInfo.InvariantCulture, $"attempt:{attempt}");

    private static EffectId AttemptTimer(Machine machine, Frame frame, int attempt) => machine.NewEffect(frame.Id, AttemptName(attempt));

    private static bool MayRetry(Machine machine, Frame frame, RetryPolicy retry, FrameState.Try state, JsonValue error, IEvaluationScope scope, out TimeSpan delay)
    {
        delay = TimeSpan.Zero;
        if (retry.When is { } when && !when.EvaluateCondition(error, scope)) return false;
        if (retry.ExceptWhen is { } except && except.EvaluateCondition(error, scope)) return false;
        if (retry.AttemptLimit is { } limit && state.Attempt >= limit) return false;
        delay = Delay(machine, frame, retry, state.Attempt);
        return retry.Duration is not { } all || machine.Now + delay < frame.StartedAt + all;
    }

    private static TimeSpan Delay(Machine machine, Frame frame, RetryPolicy retry, int attempt)
    {
        var factor = retry.Backoff switch { Backoff.Linear => attempt, Backoff.Exponential => Math.Pow(2, Math.Min(attempt - 1, 40)), _ => 1 };
        var spread = (retry.JitterTo - retry.JitterFrom).TotalMilliseconds;
        var jitter = retry.JitterFrom.TotalMilliseconds + (spread * EffectIds.Fraction(machine.Run, frame.Id, $"jitter:{attempt.ToString(CultureInfo.InvariantCulture)}"));
        var total = (retry.Delay.TotalMilliseconds * factor) + jitter;
        return TimeSpan.FromMilliseconds(Math.Min(Math.Max(0, Math.Floor(total)), TimeSpan.FromDays(3650).TotalMilliseconds));
    }
}
