using Interlock.Core.Workflows;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Calls of tools and agents: one effect, under the grant of the gate that covers the frame if one was approved.</summary>
internal static class EffectExecutor
{
    public static void Enter(Machine machine, Frame frame, EffectTask task)
    {
        var scope = machine.Scope(frame);
        var arguments = task.Arguments.Evaluate(frame.Input, scope);
        var deadline = frame.Deadline ?? machine.Now + RunLimits.DefaultDeadline;
        var id = machine.NewEffect(frame.Id, "call");
        Command.Call call = task switch
        {
            ToolTask tool => new Command.CallTool(id, frame.Id, task.Path, task.Target, task.Version, arguments, deadline)
            {
                IdempotencyKey = tool.IdempotencyKey?.Evaluate(frame.Input, scope) is { } key
                    ? key.StringOrNull() ?? throw new FormatException("An idempotency key is a string.")
                    : null,
            },
            _ => new Command.CallAgent(id, frame.Id, task.Path, task.Target, task.Version, arguments, deadline),
        };
        machine.Issue(call with
        {
            Grant = machine.GrantFor(frame.Id),
            RequiresGrant = machine.Definition.IsCovered(task.Path),
            OnInDoubt = task.OnInDoubt,
        });
    }
}
