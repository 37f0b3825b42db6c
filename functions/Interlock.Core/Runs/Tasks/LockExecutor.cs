using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>
/// What comes before a task, or a run, that holds a lock: its place is asked for, and it begins once that is granted. Its own timeout runs meanwhile. A task in another one
/// that holds the same lock has it already. Compensations run without.
/// </summary>
internal static class LockExecutor
{
    private const int MaxKey = 64;

    /// <summary>The run's first list, under the concurrency of its workflow if there is one.</summary>
    public static void Begin(Machine machine, Frame root)
    {
        if (machine.Definition.Concurrency is not { } rule)
        {
            EnterRun(machine, root);
            return;
        }
        var key = Key(rule.Key.Evaluate(root.Input, machine.Scope(root)));
        Ask(machine, root, $"{TaskLock.OwnPrefix}{machine.Definition.Name}:{key}", rule.Limit, rule.OnBusy);
    }

    public static void Enter(Machine machine, Frame frame, TaskDefinition task)
    {
        if (task.Lock is { } wanted && Name(machine, frame, wanted) is var name && !machine.HasLock(frame.Id, name)) Ask(machine, frame, name, wanted.Places, LockContention.Queue);
        else Executors.Enter(machine, frame, task);
    }

    public static void Granted(Machine machine, Frame frame)
    {
        if (frame.Id == FrameId.Root) EnterRun(machine, frame);
        else Executors.Enter(machine, frame, machine.Definition.Task(frame.Path));
    }

    private static void EnterRun(Machine machine, Frame root) => machine.EnterList(root, machine.Definition.Tasks, "/do", root.Input);

    /// <summary>Without any timeout around it the lock is the run's for as long as it needs it.</summary>
    private static void Ask(Machine machine, Frame frame, string name, int places, LockContention contention) => machine.Issue(new Command.HoldLock(
        machine.NewEffect(frame.Id, EffectExecutor.Numbered("lock", frame)), frame.Id, frame.Path, name, places, contention, frame.Deadline ?? DateTimeOffset.MaxValue));

    private static string Name(Machine machine, Frame frame, TaskLock wanted)
    {
        var name = wanted.Name.Evaluate(frame.Input, machine.Scope(frame)).StringOrNull() ?? throw new FormatException("The name of a lock is a string.");
        return TaskLock.IsName(name) ? name : throw new FormatException($"The name of a lock has 1 to 200 printable characters and does not begin with '{TaskLock.OwnPrefix}'.");
    }

    /// <summary>A short text as it is, anything else by its digest.</summary>
    private static string Key(JsonValue key) =>
        key.StringOrNull() is { Length: > 0 and <= MaxKey } text && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@') ? text : CanonicalJson.Digest(key);
}
