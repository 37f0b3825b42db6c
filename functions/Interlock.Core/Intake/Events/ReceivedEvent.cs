using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Intake.Events;

/// <summary>An event as it was taken: when it arrived, for whom it counts, and which run emitted it, if one did.</summary>
/// <param name="Key">What it is known by: publisher, source and id, as 32 hex digits.</param>
/// <param name="ArrivedAt">By the clock of the process that took it.</param>
/// <param name="Publisher">On whose authority runs start by it.</param>
/// <param name="Event">The whole envelope.</param>
public sealed record ReceivedEvent(string Key, DateTimeOffset ArrivedAt, Principal Publisher, JsonValue Event)
{
    public EventCause? Cause { get; init; }

    /// <summary>The origin of runs that it starts: its publisher's, or that of the run which emitted it.</summary>
    public RunOrigin Origin()
    {
        var origin = Cause?.Origin ?? new RunOrigin(Publisher, null, RunTriggers.Event);
        return Event["subject"]?.StringOrNull() is { } subject ? origin with { Initiators = [.. origin.Initiators.Append("user:" + subject).Distinct(StringComparer.Ordinal)] } : origin;
    }

    /// <summary>The origin of a run that several start together: for the last one's publisher, with no more authority than each of them has.</summary>
    public static RunOrigin OriginOf(IReadOnlyList<ReceivedEvent> together)
    {
        var origins = together.OrderBy(received => received.ArrivedAt).Select(received => received.Origin()).ToList();
        var last = origins[^1];
        return last with
        {
            Initiators = [.. origins.SelectMany(origin => origin.Initiators).Distinct(StringComparer.Ordinal)],
            Behind = [.. origins.SelectMany(origin => (origin.Behind ?? []).Append(origin.Starter.Subject)).Where(subject => subject != last.Starter.Subject).Distinct(StringComparer.Ordinal)],
            Depth = origins.Max(origin => origin.Depth),
        };
    }
}
