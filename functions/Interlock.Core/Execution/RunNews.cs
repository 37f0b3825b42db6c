using Interlock.Core.Runs;
using Interlock.Core.Workflows;

namespace Interlock.Core.Execution;

/// <summary>Whether an event is worth keeping: very many runs may hear of an event that only one of them waits for.</summary>
public static class RunNews
{
    /// <summary>Whether folding it now changes more than the count; what can't be folded is for the host to find out.</summary>
    public static bool Changes(WorkflowDefinition definition, RunState state, RunEvent happened)
    {
        try
        {
            return Interpreter.Advance(definition, state, happened) with { Events = state.Events, Now = state.Now } != state;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return true;
        }
    }
}
