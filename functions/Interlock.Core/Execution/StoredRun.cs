using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>A run as its row holds it; <see cref="ETag"/> is what the next step must find there.</summary>
/// <param name="State">The state after <see cref="RunState.Events"/> events.</param>
/// <param name="IsRecorded">Whether a run that has ended has its end in the audit: until then its end is only its state's.</param>
/// <param name="ETag">Of the row that was read.</param>
public sealed record StoredRun(RunState State, bool IsRecorded, string ETag)
{
    /// <summary>Whether it follows a logic that is newer than this program: a newer one must go on with it.</summary>
    public bool IsForeign => State.Logic > Interpreter.Current;

    /// <summary>Whether nothing is left to be done for the run.</summary>
    public bool IsOver => State.Status.IsClosed() && IsRecorded;
}
