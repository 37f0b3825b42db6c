namespace Interlock.Functions.Runs;

/// <summary>An activity failed; why is in the worker's log only.</summary>
internal sealed class ActivityFailedException(string activity) : Exception($"The activity '{activity}' failed; the worker's log says why.");
