using System.Globalization;
using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Local.Commands;

namespace Interlock.Local.Demo;

/// <summary>Tells what a run does while it does it: a line for each call that starts and ends, each gate, each compensation.</summary>
internal sealed class DemoNarrator(TextWriter output)
{
    private readonly Dictionary<EffectId, Command> _under = [];

    public void Tell(RunState state)
    {
        foreach (var (id, command) in _under.Where(entry => !state.Pending.ContainsKey(entry.Key)).ToList())
        {
            _under.Remove(id);
            Line(state, $"{Mark(state, command)} {Name(command)}{Ended(state, command)}");
        }
        foreach (var (id, command) in state.Pending.Where(entry => entry.Value is Command.Call or Command.OpenApproval))
        {
            if (!_under.TryAdd(id, command)) continue;
            Line(state, command switch
            {
                Command.CallTool { IsCompensation: true } undo => $"↩ undoing {undo.Task.Name} with {undo.Target}",
                Command.CallModel turn => $"→ {turn.Task.Name} asks the model of {turn.Target}",
                Command.Call { Agent: { } agent } chosen => $"→ {agent} calls {chosen.Target}",
                Command.Call call => $"→ {call.Task.Name} calls {call.Target}",
                Command.OpenApproval open => $"⏸ {open.Gate.Task.Name} waits for {string.Join(", ", open.Gate.Approvers)}: {open.Gate.Title}",
                _ => "",
            });
        }
        if (state.Status.IsClosed()) Line(state, $"■ the run is {state.Status.Text()}{(state.Error is { } error ? $": {error.Title}. {error.Detail}" : "")}");
    }

    private static string Mark(RunState state, Command command) => Failed(state, command) ? "✗" : "✓";

    private static bool Failed(RunState state, Command command) =>
        command is not Command.CallTool { IsCompensation: true } && (state.Ending?.Problem ?? state.Error)?.Instance == command.Frame.Value;

    private static string Name(Command command) => command switch
    {
        Command.CallTool { IsCompensation: true } undo => $"{undo.Target} undid {undo.Task.Name}",
        Command.CallModel turn => $"the turn of {turn.Target}",
        Command.Call { Agent: not null } chosen => chosen.Target,
        Command.Call call => call.Task.Name,
        Command.OpenApproval open => open.Gate.Task.Name,
        _ => "",
    };

    private static string Ended(RunState state, Command command) => Failed(state, command) ? " failed" : "";

    private void Line(RunState state, string text) =>
        output.WriteLine($"  {state.Now.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)}  {Output.Plain(text)}");
}
