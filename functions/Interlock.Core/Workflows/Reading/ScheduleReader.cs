using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary><c>schedule.on</c> with one event filter or any of several; the other schedules are not run.</summary>
internal static class ScheduleReader
{
    public static EventConsumption? Read(JsonValue? schedule, TaskReader reader)
    {
        if (schedule is null) return null;
        foreach (var part in new[] { "every", "cron", "after" })
        {
            if (schedule[part] is not null)
                reader.Log.Error("unsupported", "/schedule/" + part, $"schedule.{part} is not run; let an event start the workflow with schedule.on, or a caller");
        }
        if (schedule["on"] is not { } on) return null;
        if (on["all"] is not null)
        {
            reader.Log.Error("unsupported", "/schedule/on/all", "schedule.on.all is not run; use one or any");
            return null;
        }
        var consumption = EventReader.Consumption(reader, on, "/schedule/on", []);
        if (consumption.Filters.Any(filter => !filter.Correlate.IsEmpty)) reader.Log.Error("unsupported", "/schedule/on", "correlate is not run; every matching event starts a run");
        if (consumption.Filters.Any(filter => filter.Type is null))
            reader.Log.Error("expression", "/schedule/on", "the event's type must be written out: publishers are authorized by it");
        return consumption;
    }
}
