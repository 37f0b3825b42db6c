using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary><c>schedule</c>: by events, and by one of the three kinds of times.</summary>
internal static class ScheduleReader
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private static readonly string[] Kinds = ["every", "cron", "after"];

    public static EventConsumption? Events(JsonValue? schedule, TaskReader reader)
    {
        if (schedule?["on"] is not { } on) return null;
        var consumption = EventReader.Consumption(reader, on, "/schedule/on", [], ArgumentsAt.Nothing);
        if (consumption.Filters.Any(filter => filter.Type is null))
            reader.Log.Error("expression", "/schedule/on", "the event's type must be written out: publishers are authorized by it");
        if (consumption is not EventConsumption.All all)
        {
            if (consumption.Filters.Any(filter => filter.Correlate.Any(one => one.Expect is null)))
                reader.Log.Error("unsupported", "/schedule/on", "one event starts the run, so there is nothing to correlate it with; say what is expected, or gather events with all");
            return consumption;
        }
        if (all.Of.Select(Names).Distinct(StringComparer.Ordinal).Count() > 1)
            reader.Log.Error("unsupported", "/schedule/on/all", "events are gathered by the values they have in common: every filter must correlate by the same names");
        return consumption;
    }

    public static Timetable? Times(JsonValue? schedule, TaskReader reader)
    {
        var kinds = Kinds.Where(kind => schedule?[kind] is not null).ToArray();
        if (kinds.Length > 1) reader.Log.Error("unsupported", "/schedule/" + kinds[1], $"a workflow has one timetable: {string.Join(" or ", kinds)}");
        if (kinds is not [var kind, ..]) return null;
        var (value, pointer) = (schedule![kind]!, "/schedule/" + kind); // just found
        if (kind == "cron") return Cron(value.AsString(), pointer, reader);
        if (reader.FixedDuration(value, pointer, positive: kind == "every") is not { } duration) return null;
        if (kind == "after") return new Timetable.After(duration);
        if (duration < Shortest) reader.Log.Error("duration", pointer, "runs start a second apart at the least");
        return new Timetable.Every(duration);
    }

    private static Timetable.Cron? Cron(string text, string pointer, TaskReader reader)
    {
        try
        {
            return new Timetable.Cron(CronExpression.Parse(text));
        }
        catch (FormatException e)
        {
            reader.Log.Error("cron", pointer, e.Message);
            return null;
        }
    }

    /// <summary>The names whose values are to be the same in all events.</summary>
    private static string Names(EventFilter filter) => string.Join('\n', filter.Correlate.Where(one => one.Expect is null).Select(one => one.Name).Order(StringComparer.Ordinal));
}
