namespace Interlock.Local.Storage;

/// <summary>An append did not continue its run where it stands: another writer was there first, or the caller's state is not current.</summary>
internal sealed class RunLogConflictException(string runId, long expected, long firstSeq) : Exception(
    $"Run {runId} continues with event {expected}, but event {firstSeq} was appended. Load the run again and fold from what is stored.");
