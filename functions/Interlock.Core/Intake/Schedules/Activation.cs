namespace Interlock.Core.Intake.Schedules;

/// <summary>That a workflow starts by itself: who allowed it, as whom its runs act, and how far it came.</summary>
/// <param name="Version">The version that is active.</param>
/// <param name="ChangedAt">When the registry came to say so: another time is another activation.</param>
/// <param name="AllowedBy">The subject who published or activated it.</param>
/// <param name="RunAs">The subject its runs act for: the version's owner.</param>
/// <param name="ActivatedAt">From when on its times count.</param>
/// <param name="Seen">The last of its times that was seen to.</param>
internal sealed record Activation(string Version, DateTimeOffset ChangedAt, string AllowedBy, string RunAs, DateTimeOffset ActivatedAt, DateTimeOffset Seen)
{
    /// <summary>The time whose run is being started: this process may have died before it was.</summary>
    public DateTimeOffset? Starting { get; init; }

    public RunId? LastRun { get; init; }
}
