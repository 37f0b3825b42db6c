using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>A step of a run as it will be stored: serialized once, before anything is written, so that what can't be is found out in time.</summary>
public sealed class RunStep
{
    /// <exception cref="NotSupportedException">The state or an event can't be serialized: a bug.</exception>
    public RunStep(RunState state, IReadOnlyList<RunEvent> events)
    {
        State = state;
        StateJson = RunJson.Serialize(state);
        EventsJson = [.. events.Select(happened => RunJson.Serialize(happened))];
    }

    /// <summary>The state after the events.</summary>
    public RunState State { get; }

    internal byte[] StateJson { get; }

    internal IReadOnlyList<byte[]> EventsJson { get; }
}
