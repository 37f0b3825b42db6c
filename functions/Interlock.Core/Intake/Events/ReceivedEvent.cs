using Interlock.Core.Identity;
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
}
