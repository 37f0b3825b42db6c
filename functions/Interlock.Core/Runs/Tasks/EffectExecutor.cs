using System.Globalization;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Calls of tools and agents: one effect, under the grant of the gate that covers the frame if one was approved.</summary>
internal static class EffectExecutor
{
    public static void Enter(Machine machine, Frame frame, EffectTask task)
    {
        var scope = machine.Scope(frame);
        var arguments = Arguments(machine, frame, task);
        var deadline = frame.Deadline ?? machine.Now + RunLimits.DefaultDeadline;
        var id = machine.NewEffect(frame.Id, Numbered("call", frame));
        Command.Call call = task switch
        {
            ToolTask tool => new Command.CallTool(id, frame.Id, task.Path, task.Target, task.Version, arguments, deadline)
            {
                IdempotencyKey = tool.IdempotencyKey?.Evaluate(frame.Input, scope) is { } key
                    ? key.StringOrNull() ?? throw new FormatException("An idempotency key is a string.")
                    : null,
            },
            _ => new Command.CallAgent(id, frame.Id, task.Path, task.Target, task.Version, arguments, deadline) { MayChoose = machine.Definition.Mode == ExecutionMode.Autonomous },
        };
        machine.Issue(call with
        {
            Grant = machine.GrantFor(frame.Id),
            RequiresGrant = machine.Definition.IsCovered(task.Path),
            OnInDoubt = task.OnInDoubt,
        });
    }

    /// <summary>What the frame's call is made with: the document's arguments, or those that people approved, with what is computed from the run.</summary>
    public static JsonValue Arguments(Machine machine, Frame frame, EffectTask task)
    {
        var approved = machine.ApprovedFor(frame.Id);
        if (approved is { AreWhole: true }) return approved.Arguments;
        var written = task.Shape(task.Arguments.Evaluate(frame.Input, machine.Scope(frame)));
        return approved is null ? written : task.Computed.Aggregate(approved.Arguments, (arguments, pointer) => With(arguments, written, JsonPointer.Parse(pointer), 0));
    }

    /// <summary>A purpose of the frame's call, numbered from the second call on.</summary>
    public static string Numbered(string purpose, Frame frame) =>
        frame.Reopened == 0 ? purpose : string.Create(CultureInfo.InvariantCulture, $"{purpose}:{frame.Reopened + 1}");

    /// <summary>The first value with the second one's at the place that the tokens name, where both have what holds it: the rest is what was approved.</summary>
    private static JsonValue With(JsonValue to, JsonValue from, IReadOnlyList<string> tokens, int at)
    {
        if (at == tokens.Count) return from;
        if (!to.IsObject || !from.IsObject || from[tokens[at]] is not { } member) return to;
        if (at == tokens.Count - 1) return to.With(tokens[at], member);
        return to[tokens[at]] is { } inner ? to.With(tokens[at], With(inner, member, tokens, at + 1)) : to;
    }
}
