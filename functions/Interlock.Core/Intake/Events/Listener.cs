namespace Interlock.Core.Intake.Events;

/// <summary>A run that waits for events.</summary>
/// <param name="Run">The run.</param>
/// <param name="Effect">Its command.</param>
/// <param name="Types">The types it wants; empty for any.</param>
/// <param name="Since">Events that arrived before are not for it.</param>
/// <param name="From">It was told of what arrived before.</param>
/// <param name="IsReady">Whether it was told of all that arrived before it could be found, so that each event is told as it comes.</param>
internal sealed record Listener(RunId Run, EffectId Effect, IReadOnlyList<string> Types, DateTimeOffset Since, DateTimeOffset From, bool IsReady);
